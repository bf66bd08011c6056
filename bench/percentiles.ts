/** What a set of measured values looks like; all of it NaN when there is none. */
export type Spread = {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
};

/**
 * The smallest value that at least `share` of all are not above (nearest rank): always one that was
 * measured, never one in between. `sorted` ascends.
 */
export const percentile = (sorted: Float64Array, share: number): number =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;

/** The spread of values in any order. */
export const spreadOf = (values: Iterable<number>): Spread => {
  const sorted = Float64Array.from(values).toSorted();
  return {
    count: sorted.length,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    max: percentile(sorted, 1),
  };
};

/** The middle value, of an even number the mean of the two in the middle. */
export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const [below, above] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  return below === undefined || above === undefined ? Number.NaN : (below + above) / 2;
};
