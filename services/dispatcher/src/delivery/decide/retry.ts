import type { NextStep, Outcome, Trigger } from "@ringback/contracts/deliveries/attempt";

export type RetryPolicy = {
  /** The wait after the failure of attempt 1, 2, … in ms; their number is the number of retries. */
  readonly delaysMs: readonly number[];
  /** A retry is deliberately late by at most this share of its delay; never early. */
  readonly jitter: number;
};

export type Failure = {
  readonly outcome: Outcome;
  /** The number of the attempt with this outcome, from 1. */
  readonly attempt: number;
  /** How many of the attempts up to this one take no position in the schedule. */
  readonly extraAttempts?: number | undefined;
  /** When it was known, in ms since 1970: delays count from the failure. */
  readonly atMs: number;
  /** In [0, 1). */
  readonly random: number;
  /** The wait that the endpoint's `Retry-After` asks for, from then on. */
  readonly retryAfterMs?: number | undefined;
  /** Why the attempt was made, where that matters. */
  readonly trigger?: Trigger;
};

/** `Retry-After` lengthens a delay up to this: an endpoint that asks for a day does not get it. */
export const MAX_RETRY_AFTER_MS = 600_000;

/** What happens after an attempt: done, another one at a time, or dead-lettered. */
export const nextStep = (failure: Failure, { delaysMs, jitter }: RetryPolicy): NextStep => {
  const { outcome, attempt, extraAttempts = 0, atMs, random, retryAfterMs = 0, trigger } = failure;
  if (outcome.kind !== "failed") return { kind: "done" };
  // A test event is sent once, to show what the endpoint does.
  if (trigger === "test") return { kind: "done" };
  // The first attempt is the schedule's, whatever a message says.
  const position = Math.max(1, attempt - extraAttempts);
  const delayMs = delaysMs[position - 1];
  if (delayMs === undefined) return { kind: "dead_letter" };
  // Jitter on top of `Retry-After`, too: otherwise all that got the same one would return at once.
  const waitMs = Math.max(delayMs, Math.min(retryAfterMs, MAX_RETRY_AFTER_MS));
  const dueMs = atMs + waitMs + Math.floor(waitMs * jitter * random);
  const at = new Date(dueMs).toISOString();
  return { kind: "retry", at, attempts_left: delaysMs.length - position + 1 };
};
