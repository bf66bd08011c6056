import { readRetry, type RetryMessage } from "@ringback/contracts/deliveries/retry-message";
import {
  agentsDueRetrySubject,
  dueRetriesOfAgent,
  parseDueRetrySubject,
  scheduledRetrySubject,
} from "@ringback/contracts/streams/retry-subjects";
import {
  attemptSubject,
  DISPATCHER_CONSUMER,
  STREAMS,
  type AgentAddress,
  type EventAddress,
} from "@ringback/contracts/streams/subjects";
import { storedHeaders } from "@ringback/runtime/nats/message-headers";
import { consumerInfo } from "@ringback/runtime/streams/consumers";
import type { Nats } from "@ringback/runtime/nats/connection";
import {
  deliveryKey,
  pendingRetries,
  type DeliveryKey,
} from "@ringback/runtime/streams/pending-retry";
import { readLastOf, readPage } from "@ringback/runtime/streams/read-batch";
import { ask } from "./ask.ts";
import { lastMessage, lastOfEach, subjectsUnder } from "./read-stream.ts";

/** A delivery of an event that may wait for its next attempt. */
export type OpenDelivery = DeliveryKey & {
  readonly address: EventAddress;
  readonly eventSeq: number;
};

/** A delivery's id begins with the sequence of its event. */
export const eventSeqOf = (deliveryId: string): number => Number(deliveryId.split("-")[0]);

/** Up to which sequence of EVENTS the dispatchers have acknowledged every event; 0: none so far. */
export const acknowledgedUpTo = async (nats: Nats): Promise<number> => {
  const info = await ask(nats, "reading how far the dispatchers are", () =>
    consumerInfo(nats, STREAMS.events, DISPATCHER_CONSUMER),
  );
  return info?.ack_floor.stream_seq ?? 0;
};

/** The schedule of a delivery, read from the leader, and its sequence; undefined: there is none. */
export const scheduledRetry = async (
  nats: Nats,
  { address, deliveryId }: DeliveryKey,
): Promise<{ readonly retry: RetryMessage; readonly seq: number } | undefined> => {
  const subject = scheduledRetrySubject(address, deliveryId);
  const message = await lastMessage(nats, STREAMS.retries, subject);
  if (message === null) return undefined;
  const { workspaceId, agentId } = address;
  const read = readRetry({ workspaceId, agentId }, storedHeaders(message));
  return read.kind === "retry" ? { retry: read.retry, seq: message.seq } : undefined;
};

/** When the schedules of these deliveries are due, by delivery id, in ms since 1970. */
export const schedulesOf = async (
  deliveries: readonly OpenDelivery[],
  nats: Nats,
): Promise<ReadonlyMap<string, number>> => {
  const bySchedule = new Map(deliveries.map((one) => [deliveryKey(one), one]));
  const due = new Map<string, number>();
  for (const message of await lastOfEach(nats, STREAMS.retries, [...bySchedule.keys()])) {
    const delivery = bySchedule.get(message.subject);
    if (delivery === undefined) continue;
    const read = readRetry(delivery.address, message.header.get);
    if (read.kind === "retry") due.set(delivery.deliveryId, read.retry.dueMs);
  }
  return due;
};

/** Those of these deliveries that no retry is pending for; where nobody can tell, one counts as pending. */
export const withoutPendingRetry = async <T extends DeliveryKey>(
  deliveries: readonly T[],
  nats: Nats,
): Promise<readonly T[]> => {
  const pending = await pendingRetries(nats, deliveries);
  return deliveries.filter((one) => !pending.has(deliveryKey(one)));
};

/**
 * Those of these deliveries that will not lead to a record: no retry of their events, redeliveries included,
 * is pending, and they have no record. Call it for acknowledged events without records: the reads follow
 * the order in which a delivery moves, so one that moves meanwhile is seen in its next place.
 */
export const withoutPendingDelivery = async (
  deliveries: readonly OpenDelivery[],
  nats: Nats,
): Promise<readonly OpenDelivery[]> => {
  const unscheduled = await withoutPendingRetry(deliveries, nats);
  const quiet: OpenDelivery[] = [];
  for (const ofAgent of Map.groupBy(unscheduled, agentOf).values()) {
    const [first] = ofAgent;
    if (first === undefined) continue;
    const isDue = await dueEventsOf(nats, first.address);
    quiet.push(...ofAgent.filter(({ eventSeq }) => !isDue(eventSeq)));
  }
  // A retry that came due meanwhile has left a record by now.
  const records = await readLastOf(nats, STREAMS.attempts, quiet.map(recordSubject));
  const recorded = new Set(records.map(({ subject }) => subject));
  return quiet.filter((one) => !recorded.has(recordSubject(one)));
};

const agentOf = ({ address }: OpenDelivery): string => dueRetriesOfAgent(address);

const recordSubject = ({ address, deliveryId }: OpenDelivery): string =>
  attemptSubject(address, deliveryId);

/** Due messages in the form of versions before that one read takes (docs/adr/0021). */
const MAX_IN_OLD_FORM = 1_000;

/**
 * The ids of this agent's deliveries that are due or in flight, to whichever destinations; undefined: too many in the
 * old form to tell.
 */
export const dueDeliveriesOf = async (
  nats: Nats,
  agent: AgentAddress,
): Promise<ReadonlySet<string> | undefined> => {
  const ids = new Set<string>();
  for (const subject of await subjectsUnder(nats, STREAMS.retries, dueRetriesOfAgent(agent))) {
    const id = parseDueRetrySubject(subject)?.deliveryId;
    if (id !== undefined) ids.add(id);
  }
  const page = { filter: agentsDueRetrySubject(agent), from: 1, size: MAX_IN_OLD_FORM };
  const old = await readPage(nats, STREAMS.retries, page);
  if (old.length >= MAX_IN_OLD_FORM) return undefined;
  for (const message of old) {
    const read = readRetry(agent, message.header.get);
    if (read.kind === "retry") ids.add(read.retry.deliveryId);
  }
  return ids;
};

/**
 * Tells whether any delivery of an event, its first ones or a redelivery, is due for this agent or in
 * flight; yes where it cannot tell.
 */
const dueEventsOf = async (
  nats: Nats,
  agent: AgentAddress,
): Promise<(eventSeq: number) => boolean> => {
  const ids = await dueDeliveriesOf(nats, agent);
  if (ids === undefined) return () => true;
  const events = new Set(ids.values().map(eventSeqOf));
  return (eventSeq) => events.has(eventSeq);
};
