import { Buffer } from "node:buffer";
import type { StoredMsg } from "@nats-io/jetstream";
import { attemptRecordSchema, type NextStep } from "@ringback/contracts/deliveries/attempt";
import { deliveryId as firstDeliveryId } from "@ringback/contracts/events/event";
import { readRetry, type RetryMessage } from "@ringback/contracts/deliveries/retry-message";
import { scheduledRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import {
  attemptSubject,
  attemptsOfAddress,
  deliveryIdInAttemptSubject,
  STREAMS,
  type AgentAddress,
} from "@ringback/contracts/streams/subjects";
import { storedHeaders } from "@ringback/runtime/nats/message-headers";
import type { Nats } from "@ringback/runtime/nats/connection";
import { readPage, type BatchMessage } from "@ringback/runtime/streams/read-batch";
import type { DeliveryFacts } from "./decide/redeliver.ts";
import { dueOfAgent, eventSeqOf } from "../streams/due-deliveries.ts";
import { acknowledgedUpTo } from "../streams/pending-deliveries.ts";
import { lastMessage } from "../streams/read-stream.ts";
import type { DeliverableEvent } from "./deliverable-event.ts";

/** A call's event has few records; of one that was redelivered hundreds of times the first count. */
const MAX_RECORDS = 1_000;

/**
 * How an event's deliveries stand. Looked at in the order in which they move, so that one that moves
 * meanwhile is seen at one place at least: acknowledged, recorded, due, scheduled, and due again.
 */
export const deliveryFacts = async (
  nats: Nats,
  event: DeliverableEvent,
): Promise<DeliveryFacts> => {
  const first = firstDeliveryId(event.seq);
  const isAcknowledged = event.seq <= (await acknowledgedUpTo(nats));
  const open = await openDeliveries(nats, event);
  const recordSubject = attemptSubject(event.address, first);
  const isRecorded = (await lastMessage(nats, STREAMS.attempts, recordSubject)) !== null;
  const isDueBefore = await isDue(nats, event);
  const ids = [...open.keys()];
  const waiting = await firstScheduled(nats, event, isRecorded ? ids : [first, ...ids]);
  // One that was put off has no record: it may have fired between the two looks.
  const mayHaveFired = waiting === undefined && !isRecorded;
  return {
    isDue: isDueBefore || (mayHaveFired && (await isDue(nats, event))),
    waiting,
    isOpen: open.size > 0,
    attemptsLeft: waiting === undefined ? undefined : open.get(waiting.deliveryId),
    isRecorded,
    isAcknowledged,
  };
};

/**
 * Deliveries of this event whose last record says that another attempt follows, the latest first, and how
 * many it says are left.
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
  const steps = [...last].map(([id, record]) => [id, nextIn(record)] as const);
  const open = steps.flatMap(([id, next]) =>
    next.kind === "retry" ? [[id, next.attempts_left] as const] : [],
  );
  return new Map(open.toReversed());
};

const nextIn = ({ data }: BatchMessage): NextStep =>
  attemptRecordSchema.parse(JSON.parse(Buffer.from(data).toString("utf8"))).next;

const isDue = async (nats: Nats, { seq, address }: DeliverableEvent): Promise<boolean> =>
  (await dueOfAgent(nats, address))(seq);

const firstScheduled = async (
  nats: Nats,
  { address }: DeliverableEvent,
  deliveryIds: readonly string[],
): Promise<RetryMessage | undefined> => {
  for (const id of deliveryIds) {
    const subject = scheduledRetrySubject(address, id);
    const found = await lastMessage(nats, STREAMS.retries, subject);
    const retry = found === null ? undefined : retryIn(found, address);
    if (retry !== undefined) return retry;
  }
  return undefined;
};

/** The retry in a message of RETRIES; undefined where it cannot be read. */
export const retryIn = (message: StoredMsg, agent: AgentAddress): RetryMessage | undefined => {
  const { workspaceId, agentId } = agent;
  const read = readRetry({ workspaceId, agentId }, storedHeaders(message));
  return read.kind === "retry" ? read.retry : undefined;
};
