import { readRetry } from "@ringback/contracts/deliveries/retry-message";
import {
  dueRetriesOfAgent,
  scheduledRetrySubject,
} from "@ringback/contracts/streams/retry-subjects";
import {
  attemptSubject,
  DISPATCHER_CONSUMER,
  STREAMS,
  type EventAddress,
} from "@ringback/contracts/streams/subjects";
import { consumerInfo } from "@ringback/runtime/streams/consumers";
import type { Nats } from "@ringback/runtime/nats/connection";
import { deliveryKey, pendingRetries } from "@ringback/runtime/streams/pending-retry";
import { readLastOf } from "@ringback/runtime/streams/read-batch";
import { ask } from "./ask.ts";
import { dueOfAgent } from "./due-deliveries.ts";

/** A delivery of an event that may be waiting for its next attempt. */
export type OpenDelivery = {
  readonly address: EventAddress;
  readonly eventSeq: number;
  readonly deliveryId: string;
};

/** Up to which sequence of EVENTS the dispatchers have acknowledged every event; 0: none so far. */
export const acknowledgedUpTo = async (nats: Nats): Promise<number> => {
  const info = await ask(nats, "reading how far the dispatchers are", () =>
    consumerInfo(nats, STREAMS.events, DISPATCHER_CONSUMER),
  );
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
    const read = readRetry(delivery.address, message.header.get);
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
  const pending = await pendingRetries(nats, deliveries);
  const unscheduled = deliveries.filter((one) => !pending.has(deliveryKey(one)));
  const quiet = await withoutAnyDue(unscheduled, nats);
  // What came back meanwhile is recorded by now.
  const records = await readLastOf(nats, STREAMS.attempts, quiet.map(recordSubject));
  const recorded = new Set(records.map(({ subject }) => subject));
  const left = quiet.filter((one) => !recorded.has(recordSubject(one)));
  return new Set(left.map(({ deliveryId }) => deliveryId));
};

/** A redelivery brings an event on its way too. */
const withoutAnyDue = async (
  deliveries: readonly OpenDelivery[],
  nats: Nats,
): Promise<readonly OpenDelivery[]> => {
  const agents = Map.groupBy(deliveries, ({ address }) => dueRetriesOfAgent(address));
  const quiet: OpenDelivery[] = [];
  for (const ofAgent of agents.values()) {
    const [first] = ofAgent;
    if (first === undefined) continue;
    const isDue = await dueOfAgent(nats, first.address);
    quiet.push(...ofAgent.filter(({ eventSeq }) => !isDue(eventSeq)));
  }
  return quiet;
};

const recordSubject = ({ address, deliveryId }: OpenDelivery): string =>
  attemptSubject(address, deliveryId);
