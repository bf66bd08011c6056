import type { StoredMsg } from "@nats-io/jetstream";
import {
  DELIVERY_ID_HEADER,
  readRetry,
  type RetryMessage,
} from "@ringback/contracts/deliveries/retry-message";
import {
  agentsDueRetrySubject,
  dueRetrySubject,
  scheduledRetrySubject,
} from "@ringback/contracts/streams/retry-subjects";
import { STREAMS, type AgentAddress } from "@ringback/contracts/streams/subjects";
import { storedHeaders } from "../nats/message-headers.ts";
import type { Nats } from "../nats/connection.ts";
import { readLast, readNext } from "../nats/publish.ts";
import { MAX_LAST, readLastOf, readPage } from "./read-batch.ts";

/** A delivery's state on RETRIES. */
export type DeliveryKey = { readonly address: AgentAddress; readonly deliveryId: string };

export type PendingRetry =
  | {
      readonly kind: "pending";
      /** Waiting for its schedule, or due: then it is in flight, or soon will be. */
      readonly state: "scheduled" | "due";
      readonly retry: RetryMessage;
      /** The sequence of its message on RETRIES. */
      readonly seq: number;
    }
  | { readonly kind: "none" }
  /** The agent has more due retries in the old form than are searched for one delivery. */
  | { readonly kind: "unknown" };

export type PendingRetryOptions = {
  /** Retries for an attempt before this one do not count. */
  readonly minAttempt?: number;
  /** Due messages up to this sequence do not count: the caller handles one of them. */
  readonly afterSeq?: number;
};

/** The most due messages of an agent, in the old form, that are searched for one delivery. */
const MAX_SEARCHED = 1_000;

/**
 * A delivery's pending retry, read from the leader, so that no stored one is missed. A retry moves from its schedule
 * to a due message and, when it is deferred, back to a schedule, which is stored before the due message is deleted:
 * so the schedule is read before and after.
 */
export const pendingRetry = async (
  nats: Nats,
  delivery: DeliveryKey,
  { minAttempt = 1, afterSeq = 0 }: PendingRetryOptions = {},
): Promise<PendingRetry> => {
  const { address, deliveryId } = delivery;
  const schedule = scheduledRetrySubject(address, deliveryId);
  const found = async (subject: string, minSeq: number): Promise<Stored | undefined> => {
    const message = await readLast(nats, STREAMS.retries, subject);
    if (message === null || message.seq < minSeq) return undefined;
    const retry = retryOf(message, delivery);
    return retry === undefined || retry.attempt < minAttempt
      ? undefined
      : { retry, seq: message.seq };
  };
  const waiting = await found(schedule, 0);
  if (waiting !== undefined) return { kind: "pending", state: "scheduled", ...waiting };
  const due = await found(dueRetrySubject(address, deliveryId), afterSeq + 1);
  if (due !== undefined) return { kind: "pending", state: "due", ...due };
  const old = await amongAgents(nats, delivery, { minAttempt, afterSeq });
  if (old.kind !== "none") return old;
  const deferred = await found(schedule, 0);
  return deferred === undefined ? old : { kind: "pending", state: "scheduled", ...deferred };
};

type Stored = { readonly retry: RetryMessage; readonly seq: number };

const retryOf = (
  message: StoredMsg,
  { address: { workspaceId, agentId }, deliveryId }: DeliveryKey,
): RetryMessage | undefined => {
  const read = readRetry({ workspaceId, agentId }, storedHeaders(message));
  return read.kind === "retry" && read.retry.deliveryId === deliveryId ? read.retry : undefined;
};

/** Searches an agent's due messages in the old form; there are none once earlier versions have stopped. */
const amongAgents = async (
  nats: Nats,
  delivery: DeliveryKey,
  { minAttempt, afterSeq }: Required<PendingRetryOptions>,
): Promise<PendingRetry> => {
  let seq = afterSeq + 1;
  for (let n = 0; n < MAX_SEARCHED; n += 1) {
    const subject = agentsDueRetrySubject(delivery.address);
    const due = await readNext(nats, STREAMS.retries, subject, seq);
    if (due === null) return { kind: "none" };
    const retry = retryOf(due, delivery);
    if (retry !== undefined && retry.attempt >= minAttempt) {
      return { kind: "pending", state: "due", retry, seq: due.seq };
    }
    seq = due.seq + 1;
  }
  return { kind: "unknown" };
};

/** A delivery's key among the results for many. */
export const deliveryKey = ({ address, deliveryId }: DeliveryKey): string =>
  scheduledRetrySubject(address, deliveryId);

/**
 * The deliveries with a pending retry, by `deliveryKey`, including those for which that is unknown. A few requests to
 * any replica: messages stored a moment ago may be missing.
 */
export const pendingRetries = async (
  nats: Nats,
  deliveries: readonly DeliveryKey[],
): Promise<ReadonlySet<string>> => {
  const pending = await lastSubjects(nats, deliveries.map(deliveryKey));
  const unscheduled = deliveries.filter((one) => !pending.has(deliveryKey(one)));
  const due = await lastSubjects(
    nats,
    unscheduled.map(({ address, deliveryId }) => dueRetrySubject(address, deliveryId)),
  );
  const old = await dueOfAgents(nats, unscheduled);
  for (const one of unscheduled) {
    const isDue = due.has(dueRetrySubject(one.address, one.deliveryId));
    if (isDue || old(one)) pending.add(deliveryKey(one));
  }
  // A retry that was deferred meanwhile is scheduled again.
  const quiet = unscheduled.filter((one) => !pending.has(deliveryKey(one)));
  for (const key of await lastSubjects(nats, quiet.map(deliveryKey))) pending.add(key);
  return pending;
};

const lastSubjects = async (nats: Nats, subjects: readonly string[]): Promise<Set<string>> => {
  const found = new Set<string>();
  for (let n = 0; n < subjects.length; n += MAX_LAST) {
    const part = subjects.slice(n, n + MAX_LAST);
    for (const { subject } of await readLastOf(nats, STREAMS.retries, part)) found.add(subject);
  }
  return found;
};

/** Whether a due message in the old form is the delivery's retry; true where that is unknown. */
const dueOfAgents = async (
  nats: Nats,
  deliveries: readonly DeliveryKey[],
): Promise<(delivery: DeliveryKey) => boolean> => {
  const agents = new Map(
    deliveries.map((one) => [agentsDueRetrySubject(one.address), one.address]),
  );
  const withDue = await lastSubjects(nats, [...agents.keys()]);
  const idsOf = new Map<string, ReadonlySet<string> | "too_many">();
  for (const subject of withDue) {
    const page = { filter: subject, from: 1, size: MAX_SEARCHED };
    const messages = await readPage(nats, STREAMS.retries, page);
    const ids = messages.map((message) => message.header.get(DELIVERY_ID_HEADER));
    idsOf.set(subject, messages.length < MAX_SEARCHED ? new Set(ids) : "too_many");
  }
  return ({ address, deliveryId }) => {
    const ids = idsOf.get(agentsDueRetrySubject(address));
    return ids === "too_many" || ids?.has(deliveryId) === true;
  };
};
