/** Numbers in [0, 1), the same in every run (mulberry32). */
export const seededRandom = (seed: number): (() => number) => {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** Independent events at so many a second on average, in ms after the start. */
export const atRandom = (
  perSecond: number,
  forMs: number,
  random: () => number,
): readonly number[] => {
  const times: number[] = [];
  const gapMs = (): number => (-Math.log(1 - random()) * 1_000) / perSecond;
  for (let atMs = gapMs(); atMs < forMs; atMs += gapMs()) times.push(atMs);
  return times;
};

/** A backlog, as fast as a dispatcher pulls. */
export const asBacklog = (count: number, fromMs = 0): readonly number[] =>
  Array.from({ length: count }, (_, n) => fromMs + n * 0.3);
