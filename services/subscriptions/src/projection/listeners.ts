/** Who is told, and by what. */
export type Listeners<T> = {
  readonly add: (listener: (one: T) => void) => () => void;
  readonly tell: (one: T) => void;
};

export const listeners = <T>(): Listeners<T> => {
  const all = new Set<(one: T) => void>();
  return {
    add: (listener) => {
      const own = (one: T): void => listener(one); // so that one that is added twice is there twice
      all.add(own);
      return () => all.delete(own);
    },
    tell: (one) => {
      for (const listener of all) listener(one);
    },
  };
};
