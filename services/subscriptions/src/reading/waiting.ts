import { readRetry, type RetryMessage } from "@ringback/contracts/retry-message";
import {
  attemptSubject,
  DISPATCHER_CONSUMER,
  dueRetrySubject,
  scheduledRetrySubject,
  STREAMS,
  type AgentAddress,
  type EventAddress,
} from "@ringback/contracts/subjects";
import { consumerInfo } from "@ringback/runtime/consumers";
import { headerReader } from "@ringback/runtime/message-headers";
import type { Nats } from "@ringback/runtime/nats";
import { readLastOf, readPage } from "@ringback/runtime/read-batch";

/** A delivery of an event that may be waiting for its next attempt. */
export type OpenDelivery = {
  readonly address: EventAddress;
  readonly eventSeq: number;
  readonly deliveryId: string;
};

/** Up to which sequence of EVENTS the dispatchers have acknowledged every event; 0: none so far. */
export const acknowledgedUpTo = async (nats: Nats): Promise<number> => {
  const info = await consumerInfo(nats, STREAMS.events, DISPATCHER_CONSUMER);
  return info?.ack_floor.stream_seq ?? 0;
};

/** When the schedules of these deliveries are due, by delivery id, in ms since 1970. */
export const schedulesOf = async (
  deliveries: readonly OpenDelivery[],
  nats: Nats,
): Promise<ReadonlyMap<string, number>> => {
  const subjects = deliveries.map((one) => scheduledRetrySubject(one.address, one.deliveryId));
  const due = new Map<string, number>();
  for (const message of await readLastOf(nats, STREAMS.retries, subjects)) {
    const delivery = deliveries[subjects.indexOf(message.subject)];
    if (delivery === undefined) continue;
    const read = readRetry(delivery.address, headerReader(() => message.header) ?? (() => ""));
    if (read.kind === "retry") due.set(delivery.deliveryId, read.retry.dueMs);
  }
  return due;
};

/**
 * Which of these deliveries, that are acknowledged on EVENTS and had no record, are nowhere on the way
 * to one. To be asked once it is known that they are acknowledged: the looks are in the order in which
 * a delivery moves, so that what moves meanwhile is seen later.
 */
export const notOnTheWay = async (
  deliveries: readonly OpenDelivery[],
  nats: Nats,
): Promise<ReadonlySet<string>> => {
  const open = new Map(deliveries.map((one) => [one.deliveryId, one]));
  const dropAll = (ids: Iterable<string>): void => {
    for (const id of ids) open.delete(id);
  };
  dropAll((await schedulesOf(deliveries, nats)).keys());
  const agents = new Map(
    open.values().map(({ address }) => [dueRetrySubject(address), address] as const),
  );
  for (const agent of agents.values()) {
    const isDue = await dueFor(agent, nats);
    dropAll([...open.values()].filter((one) => isAgent(one, agent) && isDue(one)).map(idOf));
  }
  // What was put off once more meanwhile is scheduled again; the others are recorded by now.
  const left = [...open.values()];
  const [again, recorded] = await Promise.all([
    schedulesOf(left, nats),
    readLastOf(nats, STREAMS.attempts, left.map(recordSubject)),
  ]);
  dropAll(again.keys());
  const seen = new Set(recorded.map(({ subject }) => subject));
  dropAll(left.filter((one) => seen.has(recordSubject(one))).map(idOf));
  return new Set(open.keys());
};

const idOf = ({ deliveryId }: OpenDelivery): string => deliveryId;

const recordSubject = ({ address, deliveryId }: OpenDelivery): string =>
  attemptSubject(address, deliveryId);

const isAgent = ({ address }: OpenDelivery, { workspaceId, agentId }: AgentAddress): boolean =>
  address.workspaceId === workspaceId && address.agentId === agentId;

/** With more messages due for an agent than this, any of its deliveries may be among them. */
const MAX_DUE = 256;

/** Tells whether a due message of this agent is about an event; yes where it cannot tell. */
const dueFor = async (
  agent: AgentAddress,
  nats: Nats,
): Promise<(delivery: Pick<RetryMessage, "eventSeq">) => boolean> => {
  const part = { filter: dueRetrySubject(agent), from: 1, size: MAX_DUE };
  const messages = await readPage(nats, STREAMS.retries, part);
  if (messages.length >= MAX_DUE) return () => true;
  const found = new Set<number>();
  for (const message of messages) {
    const read = readRetry(agent, headerReader(() => message.header) ?? (() => ""));
    if (read.kind === "retry") found.add(read.retry.eventSeq);
  }
  return ({ eventSeq }) => found.has(eventSeq);
};
