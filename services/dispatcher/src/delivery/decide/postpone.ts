/** How platform faults postpone a delivery. */
export type PostponePolicy = {
  /** The first wait; each further one is twice as long, at most `maxMs`. */
  readonly firstMs: number;
  readonly maxMs: number;
  /** After unexpected errors for this long the delivery is dead-lettered. */
  readonly deadLetterAfterMs: number;
};

export const POSTPONE: PostponePolicy = {
  firstMs: 5_000,
  maxMs: 300_000,
  deadLetterAfterMs: 3_600_000,
};

/** The wait before a delivery that a platform fault postponed is processed again. */
export const postponeMs = (timesPostponed: number, policy: PostponePolicy = POSTPONE): number =>
  Math.min(policy.maxMs, policy.firstMs * 2 ** Math.min(timesPostponed, 30));

/** The sum of the waits so far, for a message of which only their number is known. */
export const postponedForMs = (
  timesPostponed: number,
  policy: PostponePolicy = POSTPONE,
): number => {
  const growing = Math.min(timesPostponed, 31);
  const waits = Array.from({ length: growing }, (_, n) => postponeMs(n, policy));
  return waits.reduce((sum, ms) => sum + ms, 0) + (timesPostponed - growing) * policy.maxMs;
};

export type UnexpectedError = {
  readonly nowMs: number;
  /** When the first one happened; undefined: this is it. */
  readonly sinceMs: number | undefined;
  readonly timesPostponed: number;
};

export type AfterUnexpectedError =
  | { readonly kind: "postpone"; readonly atMs: number; readonly sinceMs: number }
  | { readonly kind: "dead_letter"; readonly sinceMs: number };

/**
 * After an unexpected error: another try, later each time; the last one when the time is over, and then a dead
 * letter. A new version may mend the fault meanwhile.
 */
export const afterUnexpectedError = (
  { nowMs, sinceMs: earlierMs, timesPostponed }: UnexpectedError,
  policy: PostponePolicy = POSTPONE,
): AfterUnexpectedError => {
  // Another process may have written it, with a clock that is ahead.
  const sinceMs = Math.min(nowMs, earlierMs ?? nowMs);
  const endMs = sinceMs + policy.deadLetterAfterMs;
  if (nowMs >= endMs) return { kind: "dead_letter", sinceMs };
  const atMs = Math.min(endMs, nowMs + postponeMs(timesPostponed, policy));
  return { kind: "postpone", atMs, sinceMs };
};
