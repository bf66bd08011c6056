import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import {
  eventStatus,
  isLastWord,
  type EventStatus,
} from "@ringback/contracts/deliveries/event-status";

/** What a row has about an event at one destination, and its status depends on. */
export type DeliveryFacts = {
  readonly status: EventStatus;
  readonly attempts: number;
  /** When the attempt of its last record ended; null: there is no record. */
  readonly endedMs: number | null;
  /** When the last dead letter was written that no attempt had led to; null: there is none. */
  readonly deadLetterMs: number | null;
};

export const NO_FACTS: DeliveryFacts = {
  status: "pending",
  attempts: 0,
  endedMs: null,
  deadLetterMs: null,
};

/** Whether a record or a dead letter says that there is such a delivery. */
export const isRecorded = ({ status, attempts, deadLetterMs }: DeliveryFacts): boolean =>
  attempts > 0 || deadLetterMs !== null || status === "dead_lettered";

/** The facts after another record. Messages of two streams may come in any order, and lead to the same facts. */
export const afterRecord = (before: DeliveryFacts, record: AttemptRecord): DeliveryFacts => {
  const { deadLetterMs } = before;
  const status = eventStatus({
    isDelivered: before.status === "delivered" || record.outcome.kind === "delivered",
    lastRecord: record,
    isDeadLettered: deadLetterMs !== null && isLastWord(deadLetterAt(deadLetterMs), record),
    isSettled: false,
  });
  return { status, attempts: before.attempts + 1, endedMs: endOf(record), deadLetterMs };
};

/** The facts after another dead letter. */
export const afterDeadLetter = (
  before: DeliveryFacts,
  deadLetter: Pick<DeadLetter, "reason" | "at">,
): DeliveryFacts => {
  const last = before.endedMs === null ? undefined : endedAt(before.endedMs);
  const isLast = before.status !== "delivered" && isLastWord(deadLetter, last);
  // The record of the last attempt says `exhausted` too, and counts as that.
  const isExhausted = deadLetter.reason === "exhausted";
  const atMs = Date.parse(deadLetter.at);
  return {
    ...before,
    status: isLast ? "dead_lettered" : before.status,
    deadLetterMs: isExhausted ? before.deadLetterMs : Math.max(before.deadLetterMs ?? atMs, atMs),
  };
};

/** Whether a dead letter has changed nothing: most follow a record that says the same. */
export const isSame = (before: DeliveryFacts, after: DeliveryFacts): boolean =>
  before.status === after.status && before.deadLetterMs === after.deadLetterMs;

const endOf = (record: Pick<AttemptRecord, "at" | "duration_ms">): number =>
  Date.parse(record.at) + Math.floor(record.duration_ms);

const endedAt = (ms: number) => ({ at: new Date(ms).toISOString(), duration_ms: 0 });

/** Any reason except `exhausted`; only the time is used. */
const deadLetterAt = (ms: number) =>
  ({ reason: "internal", at: new Date(ms).toISOString() }) as const;
