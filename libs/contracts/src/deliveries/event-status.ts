import type { AttemptRecord } from "./attempt.ts";
import type { DeadLetter } from "./dead-letter.ts";

/** What has become of an event, or of its delivery to one destination. */
export const EVENT_STATUSES = [
  /** No attempt is recorded yet; one follows. */
  "pending",
  /** Its last attempt failed, and another one follows. */
  "retrying",
  /** An attempt succeeded, whatever came later. */
  "delivered",
  "dead_lettered",
  /** The subscription was deleted between attempts. */
  "cancelled",
  /** A test event whose only attempt failed. */
  "failed",
  /** No subscription matched: nothing was sent. */
  "no_subscription",
] as const;

export type EventStatus = (typeof EVENT_STATUSES)[number];

/** The same for a destination: where nobody has subscribed there is none. */
export const DELIVERY_STATUSES = EVENT_STATUSES.filter((status) => status !== "no_subscription");

/** From bad to good: what a person may have to mend, what goes on by itself, what has ended well, what nobody asked for. */
const WORST_FIRST: readonly EventStatus[] = [
  "dead_lettered",
  "failed",
  "retrying",
  "pending",
  "cancelled",
  "delivered",
  "no_subscription",
];

/** The status of an event with several destinations: the worst of theirs. Undefined: it has none. */
export const worstStatus = (ofDestinations: Iterable<EventStatus>): EventStatus | undefined => {
  const statuses = new Set(ofDestinations);
  return WORST_FIRST.find((status) => statuses.has(status));
};

/** The part of a record that decides its event's status. */
type StatusRecord = Pick<AttemptRecord, "outcome" | "next">;

/** The facts of one event at one destination, over all of its deliveries there. */
export type EventFacts = {
  /** True when any attempt of any delivery succeeded. */
  readonly isDelivered: boolean;
  /** The record that was stored last, of any delivery. */
  readonly lastRecord: StatusRecord | undefined;
  /**
   * True when a dead letter has the last word (`isLastWord`): the event could not be parsed, had expired
   * before its retry, or met a lasting fault of the platform.
   */
  readonly isDeadLettered: boolean;
  /** True when the dispatcher is done with the event: nothing waits or is in flight. */
  readonly isSettled: boolean;
};

/** The status of an event at one destination: the one rule for calls, lists and jobs. */
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
 * Whether a dead letter has the last word on its event. One of reason `exhausted` does not: its attempt's record
 * says so too. Any other does, unless a redelivery was attempted after it. Dead letters and records are on
 * different streams, so their times are compared.
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
