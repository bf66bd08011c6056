/**
 * Returns a check: true when there was no progress towards the goal in the last `looks` calls. It then begins to count
 * again, so that a restart gets as much time.
 */
export const stallDetector = (looks: number): ((reached: number, goal: number) => boolean) => {
  let reachedBefore = -1;
  let stillFor = 0;
  return (reached, goal) => {
    const isStill = reached < goal && reached === reachedBefore;
    reachedBefore = reached;
    stillFor = isStill ? stillFor + 1 : 0;
    if (stillFor < looks) return false;
    stillFor = 0;
    return true;
  };
};
