import {
  FAILING_AT_PERCENT,
  type FailingAtPercent,
} from "@ringback/contracts/deliveries/operation";

/** The attempts to an endpoint in a part of the window. */
type Bucket = { readonly fromMs: number; readonly attempts: number; readonly failed: number };

/** The recent attempts to an endpoint: a number of buckets, however many attempts there were. */
export type HealthWindow = readonly Bucket[];

export type Sum = Omit<Bucket, "fromMs">;

export type HealthPolicy = {
  readonly windowMs: number;
  readonly bucketMs: number;
  /** An endpoint with fewer attempts in the window does not become failing. */
  readonly minAttempts: number;
  /** Below the lowest failing share, so that an endpoint at its edge does not flap. */
  readonly recoveredBelowPercent: number;
};

export const ENDPOINT_HEALTH: HealthPolicy = {
  windowMs: 300_000,
  bucketMs: 10_000,
  minAttempts: 10,
  recoveredBelowPercent: 25,
};

/** The health of an endpoint that was last published. */
export type NotifiedHealth =
  | { readonly kind: "healthy" }
  | {
      readonly kind: "failing";
      readonly atPercent: FailingAtPercent;
      /** When it was first published as failing since it was last healthy, in ms since 1970. */
      readonly sinceMs: number;
    };

/** The window with one more attempt. Attempts come in the order of the stream, nearly that of time. */
export const withAttempt = (
  window: HealthWindow,
  atMs: number,
  hasFailed: boolean,
  { windowMs, bucketMs }: HealthPolicy,
): HealthWindow => {
  const fromMs = Math.floor(atMs / bucketMs) * bucketMs;
  const failed = hasFailed ? 1 : 0;
  const last = window.at(-1);
  // Clocks of servers differ: an attempt that seems older than the one before counts with it.
  if (last !== undefined && fromMs <= last.fromMs) {
    const more = { attempts: last.attempts + 1, failed: last.failed + failed };
    return [...window.slice(0, -1), { fromMs: last.fromMs, ...more }];
  }
  const kept = window.filter((bucket) => bucket.fromMs > fromMs - windowMs);
  return [...kept, { fromMs, attempts: 1, failed }];
};

/** How many attempts the window holds at this time, and how many of them failed. */
export const sumOf = (window: HealthWindow, nowMs: number, { windowMs }: HealthPolicy): Sum => {
  let attempts = 0;
  let failed = 0;
  for (const bucket of window) {
    if (bucket.fromMs <= nowMs - windowMs) continue;
    attempts += bucket.attempts;
    failed += bucket.failed;
  }
  return { attempts, failed };
};

/**
 * The health to publish, or `notified` itself where nothing has changed. Each failing share is published once, the
 * highest one first reached replaces those below. An endpoint has recovered when few attempts fail and at least one
 * was delivered; without attempts nothing is known.
 */
export const healthAfter = (
  notified: NotifiedHealth,
  { attempts, failed }: Sum,
  nowMs: number,
  { minAttempts, recoveredBelowPercent }: HealthPolicy,
): NotifiedHealth => {
  const isHealthy = failed < attempts && failed * 100 < attempts * recoveredBelowPercent;
  if (notified.kind === "failing" && isHealthy) return { kind: "healthy" };
  if (attempts < minAttempts) return notified;
  const reached = FAILING_AT_PERCENT.findLast((percent) => failed * 100 >= attempts * percent);
  if (reached === undefined) return notified;
  if (notified.kind === "failing" && reached <= notified.atPercent) return notified;
  return failingFrom(notified, reached, nowMs);
};

/** Published as failing at this share at `atMs`; since then, unless it was published as failing before. */
export const failingFrom = (
  notified: NotifiedHealth,
  atPercent: FailingAtPercent,
  atMs: number,
): NotifiedHealth => {
  const sinceMs = notified.kind === "failing" ? notified.sinceMs : atMs;
  return { kind: "failing", atPercent, sinceMs };
};
