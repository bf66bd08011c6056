/** How many of the oldest are looked at for one that can be forgotten. */
const LOOKED_AT = 8;

/**
 * A map that makes what it does not have. When it holds `most` it forgets what is idle, the least recently
 * used first; what is in use stays (a library's cache would drop it, and with it the count of what is in flight).
 */
export const remembered = <T>(most: number, make: () => T, isIdle: (value: T) => boolean) => {
  const values = new Map<string, T>();

  const forgetOne = (): void => {
    let looked = 0;
    for (const [key, value] of values) {
      values.delete(key);
      if (isIdle(value)) return;
      values.set(key, value); // behind all others: the next look is at another
      looked += 1;
      if (looked === LOOKED_AT) return;
    }
  };

  return {
    get: (key: string): T => {
      const known = values.get(key);
      if (known !== undefined) {
        values.delete(key); // behind all others: the first one was used least recently
        values.set(key, known);
        return known;
      }
      if (values.size >= most) forgetOne();
      const made = make();
      values.set(key, made);
      return made;
    },
    size: (): number => values.size,
  };
};
