import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { RetryMessage } from "@ringback/contracts/deliveries/retry-message";
import type { TraceContext } from "@ringback/contracts/trace-context";
import { addressOf, retryMessageFor } from "../delivery/delivery.ts";
import { attemptLabel, destinationLabel, type DispatcherMetrics } from "../metrics.ts";
import { deadLetterKey, exhausted } from "./dead-letter.ts";
import type { DeliveryStore } from "./delivery-store.ts";
import type { Notifier } from "./notifier.ts";

/**
 * Stores what a record says comes next: a retry's schedule (linked to `trace`), a dead letter, or nothing. `present`:
 * it was stored before, so that counters leave it out.
 */
export const nextStepStorer =
  (
    store: Pick<DeliveryStore, "scheduleRetry" | "storeDeadLetter">,
    publishExhausted: Notifier["publishExhausted"],
  ) =>
  async (
    record: AttemptRecord,
    deliveryId: string,
    trace?: TraceContext,
  ): Promise<"stored" | "present"> => {
    const { next, attempt } = record;
    if (next.kind === "retry") {
      await store.scheduleRetry({ ...nextRetry(record, deliveryId, next.at), trace });
    }
    if (next.kind !== "dead_letter") return "stored";
    const key = deadLetterKey({ deliveryId, eventSeq: record.event_seq }, attempt);
    const stored = await store.storeDeadLetter(exhausted(record), key);
    await publishExhausted(record, deliveryId);
    return stored;
  };

/** Whether what comes after this record is stored already. */
export const hasNextStep = async (
  record: AttemptRecord,
  deliveryId: string,
  store: Pick<DeliveryStore, "pendingRetry" | "readLastRecord">,
): Promise<boolean> => {
  if (record.next.kind !== "retry") return false; // storing a dead letter looks for it
  const address = addressOf(record);
  const delivery = { address, deliveryId };
  const pending = await store.pendingRetry(delivery, { minAttempt: record.attempt + 1 });
  if (pending.kind === "pending") return true;
  // Between the two reads the retry may have fired and been processed.
  const last = await store.readLastRecord(address, deliveryId);
  return last.record !== undefined && last.record.attempt > record.attempt;
};

/** The message that schedules the attempt after a recorded one. */
export const nextRetry = (record: AttemptRecord, deliveryId: string, at: string): RetryMessage => {
  const { event_seq: eventSeq, redelivery_id: redeliveryId } = record;
  const ids = { address: addressOf(record), eventSeq, deliveryId, redeliveryId };
  const delivery = { ...ids, extraAttempts: record.extra_attempts };
  return retryMessageFor(delivery, record.attempt + 1, Date.parse(at));
};

export const countNextStep = (
  { next, attempt, endpoint_id }: AttemptRecord,
  metrics: DispatcherMetrics,
): void => {
  if (next.kind === "retry") metrics.retriesScheduled.inc({ attempt: attemptLabel(attempt + 1) });
  if (next.kind === "dead_letter") {
    metrics.deadLetters.inc({
      reason: "exhausted",
      destination: destinationLabel({ endpoint_id }),
    });
  }
};
