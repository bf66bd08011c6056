/** What may be used in a time, all of it at once; the rest comes back evenly. */
export type BucketBounds = { readonly capacity: number; readonly refillMs: number };

/** What is left of it, and when that was so, in ms of a monotonic clock. */
export type Bucket = { readonly level: number; readonly atMs: number };

export type Taken =
  | { readonly kind: "taken"; readonly bucket: Bucket }
  /** There is enough after so long. */
  | { readonly kind: "wait"; readonly waitMs: number };

/** Takes from a bucket (undefined: a full one). What costs more than all of it takes all of it. */
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
