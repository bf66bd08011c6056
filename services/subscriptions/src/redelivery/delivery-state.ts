import { deliveryId as firstDeliveryId } from "@ringback/contracts/events/event";
import type { RetryMessage } from "@ringback/contracts/deliveries/retry-message";
import {
  attemptSubject,
  attemptsOfAddress,
  deliveryIdInAttemptSubject,
  STREAMS,
} from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { readPage, type BatchMessage } from "@ringback/runtime/streams/read-batch";
import { decodeAttempt } from "@ringback/contracts/deliveries/decode";
import {
  acknowledgedUpTo,
  dueEventsOf,
  eventSeqOf,
  scheduledRetry,
} from "../streams/pending-deliveries.ts";
import { lastMessage } from "../streams/read-stream.ts";
import type { DeliverySnapshot } from "./decide/redeliver.ts";
import type { DeliverableEvent } from "./deliverable-event.ts";

/** A call's event has few records; of an event that was redelivered hundreds of times the first count. */
const MAX_RECORDS = 1_000;

/**
 * A snapshot of an event's deliveries. The reads follow the order in which a delivery moves (acknowledged,
 * recorded, due, scheduled, due again), so one that moves meanwhile is seen in one place at least.
 */
export const deliverySnapshot = async (
  nats: Nats,
  event: DeliverableEvent,
): Promise<DeliverySnapshot> => {
  const { seq, address } = event;
  const first = firstDeliveryId(seq);
  const isDue = async (): Promise<boolean> => (await dueEventsOf(nats, address))(seq);
  const isAcknowledged = seq <= (await acknowledgedUpTo(nats));
  const open = await openDeliveries(nats, event);
  const record = attemptSubject(address, first);
  const isRecorded = (await lastMessage(nats, STREAMS.attempts, record)) !== null;
  const isDueBefore = await isDue();
  const ids = [...open.keys()];
  const waiting = await firstScheduled(nats, event, isRecorded ? ids : [first, ...ids]);
  // A deferred delivery has no record: its schedule may have fired between the two reads.
  const mayHaveFired = waiting === undefined && !isRecorded;
  return {
    isDue: isDueBefore || (mayHaveFired && (await isDue())),
    waiting,
    isOpen: open.size > 0,
    attemptsLeft: waiting === undefined ? undefined : open.get(waiting.deliveryId),
    isRecorded,
    isAcknowledged,
  };
};

/**
 * The deliveries of this event that have another attempt to come by their last record, the latest first,
 * and how many attempts it leaves.
 */
const openDeliveries = async (
  nats: Nats,
  { seq, address }: DeliverableEvent,
): Promise<ReadonlyMap<string, number | undefined>> => {
  const filter = attemptsOfAddress(address);
  const records = await readPage(nats, STREAMS.attempts, { filter, from: 1, size: MAX_RECORDS });
  const last = new Map<string, BatchMessage>();
  for (const record of records) {
    const id = deliveryIdInAttemptSubject(record.subject);
    // A call may have several events of one type.
    if (id === undefined || eventSeqOf(id) !== seq) continue;
    last.delete(id); // again at the end: the order is that of the last records
    last.set(id, record);
  }
  const open = [...last].flatMap(([id, { subject, data }]) => {
    const next = decodeAttempt(data).value?.next;
    if (next === undefined) throw new Error(`the last record on ${subject} cannot be read`);
    return next.kind === "retry" ? [[id, next.attempts_left] as const] : [];
  });
  return new Map(open.toReversed());
};

const firstScheduled = async (
  nats: Nats,
  { address }: DeliverableEvent,
  deliveryIds: readonly string[],
): Promise<RetryMessage | undefined> => {
  for (const deliveryId of deliveryIds) {
    const scheduled = await scheduledRetry(nats, { address, deliveryId });
    if (scheduled !== undefined) return scheduled.retry;
  }
  return undefined;
};
