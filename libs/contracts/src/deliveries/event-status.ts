import type { AttemptRecord } from "./attempt.ts";
import type { DeadLetter } from "./dead-letter.ts";

/** What has become of an event so far. */
export const EVENT_STATUSES = [
  /** Nothing is recorded of it yet, and something is to come. */
  "pending",
  /** Its last attempt failed, and another one follows. */
  "retrying",
  /** An attempt of it was a success, whatever came later. */
  "delivered",
  "dead_lettered",
  /** The subscription was gone between attempts. */
  "cancelled",
  /** A test event whose one attempt failed. */
  "failed",
  /** Nobody had subscribed to it: nothing was sent. */
  "no_subscription",
] as const;

export type EventStatus = (typeof EVENT_STATUSES)[number];

/** What a record says about the status of its event. */
type StatusRecord = Pick<AttemptRecord, "outcome" | "next">;

/** What the streams tell of one event, over all of its deliveries. */
export type EventFacts = {
  /** True when any attempt, of whichever delivery, was a success. */
  readonly isDelivered: boolean;
  /** The record that was stored last, of whichever delivery; undefined: there is none. */
  readonly lastRecord: StatusRecord | undefined;
  /**
   * True when a dead letter has the last word (`isLastWord`): the event was not understood, was gone
   * before its retry, or a fault of the platform's own did not end.
   */
  readonly isDeadLettered: boolean;
  /** True when the dispatcher is done with the event: nothing waits, and nothing is in work. */
  readonly isSettled: boolean;
};

/** The status of an event; the one rule by which calls, lists and jobs tell it. */
export const eventStatus = (facts: EventFacts): EventStatus => {
  const { isDelivered, lastRecord, isDeadLettered, isSettled } = facts;
  if (isDelivered) return "delivered";
  if (isDeadLettered) return "dead_lettered";
  if (lastRecord === undefined) return isSettled ? "no_subscription" : "pending";
  const { outcome, next } = lastRecord;
  switch (next.kind) {
    case "retry":
      return "retrying";
    case "dead_letter":
      return "dead_lettered";
    case "done":
      return outcome.kind; // "delivered", "cancelled", or a test's one attempt that "failed"
    default:
      return next satisfies never;
  }
};

/**
 * Whether a dead letter has the last word on its event: what an attempt exhausted is in the record of
 * that attempt; any other one counts unless a redelivery was attempted after it. Dead letters and records
 * are on different streams, so their times tell.
 */
export const isLastWord = (
  deadLetter: Pick<DeadLetter, "reason" | "at">,
  lastRecord: Pick<AttemptRecord, "at" | "duration_ms"> | undefined,
): boolean => {
  if (lastRecord === undefined) return true;
  if (deadLetter.reason === "exhausted") return false;
  const endedMs = Date.parse(lastRecord.at) + Math.floor(lastRecord.duration_ms);
  return Date.parse(deadLetter.at) >= endedMs;
};
