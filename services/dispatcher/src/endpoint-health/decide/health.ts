import {
  FAILING_AT_PERCENT,
  type FailingAtPercent,
} from "@ringback/contracts/deliveries/operation";

/** How attempts to an endpoint went in a part of the window. */
type Bucket = { readonly fromMs: number; readonly attempts: number; readonly failed: number };

/** How attempts to an endpoint went of late: a number of buckets, however many attempts there were. */
export type HealthWindow = readonly Bucket[];

export type Sum = Omit<Bucket, "fromMs">;

export type HealthPolicy = {
  readonly windowMs: number;
  readonly bucketMs: number;
  /** With fewer attempts in the window nothing is said of an endpoint that is well. */
  readonly minAttempts: number;
  /** Below the lowest share that is news, so that one at its edge is not told again and again. */
  readonly recoveredBelowPercent: number;
};

export const ENDPOINT_HEALTH: HealthPolicy = {
  windowMs: 300_000,
  bucketMs: 10_000,
  minAttempts: 10,
  recoveredBelowPercent: 25,
};

/** What is known to be told of an endpoint. */
export type ToldHealth =
  | { readonly kind: "well" }
  | {
      readonly kind: "failing";
      readonly atPercent: FailingAtPercent;
      /** When it was first told since it was last well, in ms since 1970. */
      readonly sinceMs: number;
    };

export type HealthNews =
  | { readonly kind: "nothing" }
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
 * What there is to tell. The highest share that was reached is told, once; those below it are then
 * old news. An endpoint has recovered when few attempts fail and at least one was delivered; without
 * any attempt nothing is known.
 */
export const newsOf = (
  told: ToldHealth,
  { attempts, failed }: Sum,
  { minAttempts, recoveredBelowPercent }: HealthPolicy,
): HealthNews => {
  const isWell = failed < attempts && failed * 100 < attempts * recoveredBelowPercent;
  if (told.kind === "failing" && isWell) return { kind: "recovered", sinceMs: told.sinceMs };
  if (attempts < minAttempts) return NOTHING;
  const reached = FAILING_AT_PERCENT.findLast((percent) => failed * 100 >= attempts * percent);
  if (reached === undefined) return NOTHING;
  if (told.kind === "failing" && reached <= told.atPercent) return NOTHING;
  return { kind: "failing", atPercent: reached };
};

const NOTHING: HealthNews = { kind: "nothing" };

/** What is told of an endpoint once this news is. */
export const toldAfter = (told: ToldHealth, news: HealthNews, atMs: number): ToldHealth => {
  switch (news.kind) {
    case "nothing":
      return told;
    case "recovered":
      return { kind: "well" };
    case "failing": {
      const sinceMs = told.kind === "failing" ? told.sinceMs : atMs;
      return { kind: "failing", atPercent: news.atPercent, sinceMs };
    }
    default:
      return news satisfies never;
  }
};
