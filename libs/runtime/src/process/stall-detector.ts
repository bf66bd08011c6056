/**
 * Tells whether something that follows a goal has stood still behind it for `looks` looks in a row;
 * then counts anew, so that what is done about it gets as much time again.
 */
export const standstillWatch = (looks: number): ((reached: number, goal: number) => boolean) => {
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
