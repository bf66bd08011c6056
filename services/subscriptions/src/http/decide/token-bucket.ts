/** How much may be used at once, and the time in which an empty bucket fills again, evenly. */
export type BucketBounds = { readonly capacity: number; readonly refillMs: number };

/** What was left at a time, in ms of a monotonic clock. */
export type Bucket = { readonly level: number; readonly atMs: number };

export type Taken =
  | { readonly kind: "taken"; readonly bucket: Bucket }
  /** There is enough after so long. */
  | { readonly kind: "wait"; readonly waitMs: number };

/** Takes from a bucket; undefined is a full one. A cost above the capacity takes a full bucket. */
export const takeTokens = (
  before: Bucket | undefined,
  cost: number,
  nowMs: number,
  { capacity, refillMs }: BucketBounds,
): Taken => {
  const refilled = ((nowMs - (before?.atMs ?? nowMs)) / refillMs) * capacity;
  const level = Math.min(capacity, (before?.level ?? capacity) + refilled);
  const price = Math.min(cost, capacity);
  if (price <= level) return { kind: "taken", bucket: { level: level - price, atMs: nowMs } };
  return { kind: "wait", waitMs: ((price - level) / capacity) * refillMs };
};
