/** How many bytes of request bodies may be in memory at once. */
export type BodyBudget = {
  /** Takes so many; undefined where there is no room. What it gives back gives them back, once. */
  readonly take: (bytes: number) => (() => void) | undefined;
  readonly taken: () => number;
};

/** A budget that a single body always fits in. */
export const bodyBudget = (maxBytes: number): BodyBudget => {
  let taken = 0;
  return {
    take: (bytes) => {
      if (taken > 0 && taken + bytes > maxBytes) return undefined;
      taken += bytes;
      let isBack = false;
      return () => {
        if (!isBack) taken -= bytes;
        isBack = true;
      };
    },
    taken: () => taken,
  };
};
