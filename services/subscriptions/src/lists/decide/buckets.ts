/** How far an overview looks back. */
export const PERIODS = ["1h", "24h", "7d"] as const;

export type Period = (typeof PERIODS)[number];

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

type Division = { readonly bucketMs: number; readonly count: number };

/** The points of an overview's graph. */
export const OVERVIEW_BUCKETS: Readonly<Record<Period, Division>> = {
  "1h": { bucketMs: MINUTE_MS, count: 60 },
  "24h": { bucketMs: 30 * MINUTE_MS, count: 48 },
  "7d": { bucketMs: 3 * HOUR_MS, count: 56 },
};

/** The points of the small graphs beside endpoints and agents. */
export const ACTIVITY_BUCKETS: Readonly<Record<Period, Division>> = {
  "1h": { bucketMs: 5 * MINUTE_MS, count: 12 },
  "24h": { bucketMs: HOUR_MS, count: 24 },
  "7d": { bucketMs: 6 * HOUR_MS, count: 28 },
};

export type Buckets = {
  readonly sinceMs: number;
  /** The end of the last bucket, which time has not reached. */
  readonly untilMs: number;
  readonly bucketMs: number;
};

/** The buckets of a period that ends now, each beginning at a multiple of its length; none is shorter than a bound. */
export const bucketsOf = (
  { bucketMs: wantedMs, count }: Division,
  nowMs: number,
  shortestMs = 0,
): Buckets => {
  const bucketMs = Math.max(wantedMs, shortestMs);
  const untilMs = (Math.floor(nowMs / bucketMs) + 1) * bucketMs;
  return {
    sinceMs: untilMs - Math.ceil((wantedMs * count) / bucketMs) * bucketMs,
    untilMs,
    bucketMs,
  };
};

/** Numbers of buckets as far as they are known: null where a bucket ends before that time. */
export const known = <T>(
  values: readonly T[],
  { sinceMs, bucketMs }: Buckets,
  knownSinceMs: number,
): (T | null)[] =>
  values.map((value, n) => (sinceMs + (n + 1) * bucketMs <= knownSinceMs ? null : value));
