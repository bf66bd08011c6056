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

export type HealthChange =
  | { readonly kind: "none" }
  | { readonly kind: "failing"; readonly atPercent: FailingAtPercent }
  | { readonly kind: "recovered"; readonly sinceMs: number };

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
 * The change to publish. Each failing share is published once, the highest one first reached replaces those
 * below. An endpoint has recovered when few attempts fail and at least one was delivered; without
 * attempts nothing is known.
 */
export const healthChange = (
  notified: NotifiedHealth,
  { attempts, failed }: Sum,
  { minAttempts, recoveredBelowPercent }: HealthPolicy,
): HealthChange => {
  const isHealthy = failed < attempts && failed * 100 < attempts * recoveredBelowPercent;
  if (notified.kind === "failing" && isHealthy)
    return { kind: "recovered", sinceMs: notified.sinceMs };
  if (attempts < minAttempts) return NO_CHANGE;
  const reached = FAILING_AT_PERCENT.findLast((percent) => failed * 100 >= attempts * percent);
  if (reached === undefined) return NO_CHANGE;
  if (notified.kind === "failing" && reached <= notified.atPercent) return NO_CHANGE;
  return { kind: "failing", atPercent: reached };
};

const NO_CHANGE: HealthChange = { kind: "none" };

/** The published health after this change. */
export const notifiedAfter = (
  notified: NotifiedHealth,
  change: HealthChange,
  atMs: number,
): NotifiedHealth => {
  switch (change.kind) {
    case "none":
      return notified;
    case "recovered":
      return { kind: "healthy" };
    case "failing": {
      const sinceMs = notified.kind === "failing" ? notified.sinceMs : atMs;
      return { kind: "failing", atPercent: change.atPercent, sinceMs };
    }
    default:
      return change satisfies never;
  }
};
