/**
 * Tells whether a follower made no progress towards its goal in `looks` checks in a row. Then counts anew, so
 * that a restart gets as much time again.
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
