import type { NextStep, Outcome, Trigger } from "@ringback/contracts/deliveries/attempt";

export type RetryPolicy = {
  /** The wait after the failure of attempt 1, 2, … in ms; their number is the number of retries. */
  readonly delaysMs: readonly number[];
  /** A retry is late by at most this share of its delay by choice; never early. */
  readonly jitter: number;
};

export type Failure = {
  readonly outcome: Outcome;
  /** The number of the attempt that this outcome is of, from 1. */
  readonly attempt: number;
  /** How many of the attempts up to this one take no place in the schedule. */
  readonly extraAttempts?: number | undefined;
  /** When it was known, in ms since 1970: delays count from the failure. */
  readonly atMs: number;
  /** Chance, in [0, 1). */
  readonly chance: number;
  /** How long the endpoint asked to be left alone from then on (`Retry-After`). */
  readonly askedMs?: number | undefined;
  /** Why the attempt was made, where that matters. */
  readonly trigger?: Trigger;
};

/** An endpoint may lengthen a delay up to this: one that asks for a day gets no silence of a day. */
export const MOST_ASKED_MS = 600_000;

/** What happens after an attempt: done, another one at a time, or given up and kept. */
export const nextStep = (failure: Failure, { delaysMs, jitter }: RetryPolicy): NextStep => {
  const { outcome, attempt, extraAttempts = 0, atMs, chance, askedMs = 0, trigger } = failure;
  if (outcome.kind !== "failed") return { kind: "done" };
  // Whoever tries an endpoint wants to see what it did, once.
  if (trigger === "test") return { kind: "done" };
  // The first attempt is the schedule's, whatever a message says.
  const place = Math.max(1, attempt - extraAttempts);
  const delayMs = delaysMs[place - 1];
  if (delayMs === undefined) return { kind: "dead_letter" };
  // The jitter is on top: all who were told the same date would come back at once.
  const waitMs = Math.max(delayMs, Math.min(askedMs, MOST_ASKED_MS));
  const dueMs = atMs + waitMs + Math.floor(waitMs * jitter * chance);
  const at = new Date(dueMs).toISOString();
  return { kind: "retry", at, attempts_left: delaysMs.length - place + 1 };
};

/** How faults of our own hold a delivery back. */
export type HoldBackPolicy = {
  /** The first wait; each one after it is twice as long, at most `mostMs`. */
  readonly firstMs: number;
  readonly mostMs: number;
  /** Unexpected errors are met for this long before the delivery is given up. */
  readonly giveUpAfterMs: number;
};

export const HOLD_BACK: HoldBackPolicy = {
  firstMs: 5_000,
  mostMs: 300_000,
  giveUpAfterMs: 3_600_000,
};

/** The wait before a delivery that was held back by a fault of our own is taken up again. */
export const holdBackMs = (timesHeldBack: number, policy: HoldBackPolicy = HOLD_BACK): number =>
  Math.min(policy.mostMs, policy.firstMs * 2 ** Math.min(timesHeldBack, 30));

/** How long something has waited that was held back so often: where only their number is known. */
export const heldBackForMs = (
  timesHeldBack: number,
  policy: HoldBackPolicy = HOLD_BACK,
): number => {
  const growing = Math.min(timesHeldBack, 31);
  const waits = Array.from({ length: growing }, (_, n) => holdBackMs(n, policy));
  return waits.reduce((sum, ms) => sum + ms, 0) + (timesHeldBack - growing) * policy.mostMs;
};

export type UnexpectedError = {
  readonly nowMs: number;
  /** When the first one was met; undefined: this is it. */
  readonly sinceMs: number | undefined;
  readonly timesHeldBack: number;
};

export type AfterUnexpectedError =
  | { readonly kind: "hold_back"; readonly atMs: number; readonly sinceMs: number }
  | { readonly kind: "give_up"; readonly sinceMs: number };

/**
 * What follows an error that nobody expected: another try, later each time and once more when the
 * time is over, then a dead letter. It may be a fault that a new version mends.
 */
export const afterUnexpectedError = (
  { nowMs, sinceMs: earlierMs, timesHeldBack }: UnexpectedError,
  policy: HoldBackPolicy = HOLD_BACK,
): AfterUnexpectedError => {
  // Another process may have written it, with a clock that is ahead.
  const sinceMs = Math.min(nowMs, earlierMs ?? nowMs);
  const endMs = sinceMs + policy.giveUpAfterMs;
  if (nowMs >= endMs) return { kind: "give_up", sinceMs };
  const atMs = Math.min(endMs, nowMs + holdBackMs(timesHeldBack, policy));
  return { kind: "hold_back", atMs, sinceMs };
};
