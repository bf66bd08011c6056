import { decodeAttempt } from "@ringback/contracts/deliveries/decode";
import {
  endpointIdOf,
  firstDeliveryId,
  isFirstDelivery,
} from "@ringback/contracts/deliveries/delivery-id";
import { fanOutSubject, readFanOut } from "@ringback/contracts/deliveries/fan-out";
import type { RetryMessage } from "@ringback/contracts/deliveries/retry-message";
import {
  attemptsOfAddress,
  attemptSubject,
  deliveryIdInAttemptSubject,
  STREAMS,
} from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { mapConcurrently } from "@ringback/runtime/process/concurrency";
import { dueDeliveriesOf, eventSeqOf, scheduledRetry } from "../streams/pending-deliveries.ts";
import { lastMessage, lastOfEach, subjectsUnder } from "../streams/read-stream.ts";
import {
  isSameDestination,
  mayGoTo,
  type Destination,
  type EventRecords,
} from "./decide/destinations.ts";
import type { DeliverySnapshot } from "./decide/redeliver.ts";
import type { DeliverableEvent } from "./deliverable-event.ts";

/**
 * What the streams have about an event's deliveries so far; `acknowledged` is up to where the dispatchers had acknowledged
 * all events before (`acknowledgedUpTo`). Read it before `deliverySnapshots`: all reads follow the
 * order in which a delivery moves (acknowledged, recorded, due, scheduled, due again), so one that moves meanwhile is
 * seen in one place at least.
 */
export const eventRecords = async (
  nats: Nats,
  event: DeliverableEvent,
  acknowledged: number,
): Promise<EventRecords> => {
  const { seq, address } = event;
  const subjects = await subjectsUnder(nats, STREAMS.attempts, attemptsOfAddress(address));
  const ids = subjects.flatMap((subject) => {
    const id = deliveryIdInAttemptSubject(subject);
    // A call may have several events of one type.
    return id === undefined || eventSeqOf(id) !== seq ? [] : [id];
  });
  const isFannedOut = subjects.includes(fanOutSubject(address, seq));
  const stored = isFannedOut ? await storedDestinations(nats, event) : undefined;
  return {
    isAcknowledged: seq <= acknowledged,
    stored,
    deliveries: await lastRecords(nats, event, ids),
  };
};

const storedDestinations = async (
  nats: Nats,
  { seq, address }: DeliverableEvent,
): Promise<readonly Destination[] | undefined> => {
  const subject = fanOutSubject(address, seq);
  const message = await lastMessage(nats, STREAMS.attempts, subject);
  if (message === null) return undefined;
  const fanOut = readFanOut(message.data);
  if (fanOut === undefined) throw new Error(`the destinations on ${subject} cannot be read`);
  return fanOut.deliveries.map(({ endpoint_id: endpointId, uid }) => ({ endpointId, uid }));
};

/** These deliveries of an event by their last records, the latest first. */
const lastRecords = async (
  nats: Nats,
  { address }: DeliverableEvent,
  ids: readonly string[],
): Promise<EventRecords["deliveries"]> => {
  const subjects = ids.map((id) => attemptSubject(address, id));
  const found = new Map(
    (await lastOfEach(nats, STREAMS.attempts, subjects)).map((one) => [one.subject, one]),
  );
  const read = ids.map((deliveryId) => {
    const ofDelivery = {
      deliveryId,
      endpointId: endpointIdOf(deliveryId),
      isFirst: isFirstDelivery(deliveryId),
    };
    const message = found.get(attemptSubject(address, deliveryId));
    // The leader has it, and the replica that replied has not yet: it counts as one that goes on.
    if (message === undefined) return { ...ofDelivery, seq: Infinity, isOpen: true };
    const { value } = decodeAttempt(message.data);
    if (value === undefined)
      throw new Error(`the last record on ${message.subject} cannot be read`);
    const { next, outcome, uid } = value;
    return {
      ...ofDelivery,
      uid,
      seq: message.seq,
      isOpen: next.kind === "retry",
      attemptsLeft: next.kind === "retry" ? next.attempts_left : undefined,
      isDelivered: outcome.kind === "delivered",
      isDeadLettered: next.kind === "dead_letter",
    };
  });
  return read.toSorted((a, b) => b.seq - a.seq);
};

/** An event has at most a few dozen destinations. */
const READS_AT_ONCE = 8;

/** The deliveries of an event to each of these destinations, in their order, as the streams have them. */
export const deliverySnapshots = async (
  nats: Nats,
  event: DeliverableEvent,
  records: EventRecords,
  destinations: readonly Destination[],
): Promise<readonly DeliverySnapshot[]> => {
  const isDueBefore = await dueDestinations(nats, event);
  const seen = await mapConcurrently(destinations, READS_AT_ONCE, async (destination) => {
    const own = records.deliveries.filter((one) => isSameDestination(one, destination));
    const isRecorded = own.some(({ isFirst }) => isFirst);
    const open = own.filter(({ isOpen }) => isOpen);
    const first = firstDeliveryId(event.seq, destination.endpointId);
    const ids = [...(isRecorded ? [] : [first]), ...open.map(({ deliveryId }) => deliveryId)];
    const waiting = await firstScheduled(nats, event, ids);
    const last = open.find(({ deliveryId }) => deliveryId === waiting?.deliveryId);
    return {
      waiting,
      isOpen: open.length > 0,
      attemptsLeft: last?.attemptsLeft,
      isRecorded,
      isAcknowledged: records.isAcknowledged || !mayGoTo(records, destination),
    };
  });
  // A deferred delivery has no record: its schedule may have fired between the two reads.
  const mayHaveFired = seen.some(({ waiting, isRecorded }) => waiting === undefined && !isRecorded);
  const isDueAfter = mayHaveFired ? await dueDestinations(nats, event) : () => false;
  return seen.map((one, n) => {
    const destination = destinations[n] as Destination;
    return { ...one, isDue: isDueBefore(destination) || isDueAfter(destination) };
  });
};

/** Tells whether a delivery of the event to a destination is due or in flight; yes where it cannot tell. */
const dueDestinations = async (
  nats: Nats,
  { seq, address }: DeliverableEvent,
): Promise<(destination: Destination) => boolean> => {
  const ids = await dueDeliveriesOf(nats, address);
  if (ids === undefined) return () => true;
  const due = new Set([...ids].filter((id) => eventSeqOf(id) === seq).map(endpointIdOf));
  return ({ endpointId }) => due.has(endpointId);
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
