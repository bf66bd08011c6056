import { Buffer } from "node:buffer";
import type { JsMsg } from "@nats-io/jetstream";
import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { MAX_RAW_MESSAGE_BYTES, type DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { isFirstToAgent } from "@ringback/contracts/deliveries/delivery-id";
import { readableParts, type RetryMessage } from "@ringback/contracts/deliveries/retry-message";
import { parseDueRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { idsInSubject } from "@ringback/contracts/streams/subject-ids";
import { rawHeaders } from "@ringback/runtime/nats/message-headers";
import { idsOf, type DeferrableDelivery } from "../delivery/delivery.ts";

/** What every dead letter but `exhausted` is made with. */
export type DeadLetterDeps = {
  readonly store: { readonly eventId: (eventSeq: number) => string };
  readonly now: () => number;
};

/** A delivery whose last attempt this record is of. */
export const exhausted = (record: AttemptRecord): DeadLetter => ({
  reason: "exhausted",
  ...recordIds(record),
  at: iso(Date.parse(record.at) + record.duration_ms),
  message: `given up after ${record.attempt} attempt${record.attempt === 1 ? "" : "s"}`,
  last_attempt: record,
});

/** The ids of a record's delivery. */
export const recordIds = (record: AttemptRecord) => ({
  delivery_id: record.delivery_id,
  endpoint_id: record.endpoint_id,
  uid: record.uid,
  redelivery_id: record.redelivery_id,
  event_id: record.event_id,
  event_seq: record.event_seq,
  event_type: record.event_type,
  call_id: record.call_id,
  agent_id: record.agent_id,
  workspace_id: record.workspace_id,
});

/** A message of EVENTS that could not be parsed. */
export const invalidEvent = (
  { data, subject, seq }: JsMsg,
  problem: string,
  { store, now }: DeadLetterDeps,
): DeadLetter => ({
  reason: "invalid_event",
  event_id: store.eventId(seq),
  event_seq: seq,
  at: iso(now()),
  message: problem,
  subject,
  ...rawOf(data),
});

/** A retry whose event EVENTS does not have any more. */
export const eventExpired = (
  retry: RetryMessage,
  last: AttemptRecord | undefined,
  { store, now }: DeadLetterDeps,
): DeadLetter => ({
  reason: "event_expired",
  ...idsOf({ ...retry, eventId: last?.event_id ?? store.eventId(retry.eventSeq) }),
  at: iso(now()),
  message: `EVENTS has the event no more: attempt ${retry.attempt} came after its maximum age`,
  last_attempt: last,
});

/** A retry that could not be parsed: whatever of it can, so that the delivery does not vanish silently. */
export const unreadableRetry = (
  { subject }: JsMsg,
  header: (name: string) => string,
  problem: string,
  { store, now }: DeadLetterDeps,
): DeadLetter => {
  const { eventSeq, callId, eventType, redeliveryId } = readableParts(header);
  return {
    reason: "internal",
    ...(eventSeq === undefined ? {} : eventIds(eventSeq, store)),
    event_type: eventType,
    call_id: callId,
    redelivery_id: redeliveryId,
    ...agentIds(subject),
    at: iso(now()),
    message: `a delivery came back in a message that cannot be read: ${problem}`,
    subject,
  };
};

/** A delivery that unexpected errors kept from being made. Says nothing of the errors: customers read it. */
export const internalErrors = (
  { subject, seq }: JsMsg,
  sinceMs: number,
  known: {
    readonly delivery: DeferrableDelivery | undefined;
    readonly last: AttemptRecord | undefined;
  },
  { store, now }: DeadLetterDeps,
): DeadLetter => ({
  reason: "internal",
  ...knownIds({ subject, seq }, known.delivery, store),
  at: iso(now()),
  message: `given up after unexpected errors of the platform's own since ${iso(sinceMs)}: the log says which`,
  subject: known.delivery === undefined ? subject : undefined,
  last_attempt: known.last,
});

/** A message that killed the processes which read it: not parsed, only its subject is. */
export const setAside = (message: JsMsg, { store, now }: DeadLetterDeps): DeadLetter => {
  const { subject, data, info } = message;
  return {
    reason: "internal",
    ...knownIds(message, undefined, store),
    at: iso(now()),
    message: `set aside without being read: processes that read it died, it was handed out ${info.deliveryCount} times`,
    subject,
    // A message of RETRIES has all of its content in its headers.
    ...rawOf(data.byteLength > 0 ? data : rawHeaders(message)),
  };
};

/** A key that keeps the dead letters of an event's deliveries apart. */
export const deadLetterKey = (
  { deliveryId: id, eventSeq }: Pick<RetryMessage, "deliveryId" | "eventSeq">,
  attempt: number,
): string => (isFirstToAgent(id, eventSeq) ? String(attempt) : `${id}:${attempt}`);

/** All ids that are known of a message's delivery, for its dead letter and the log: without one, by its subject. */
export const knownIds = (
  { subject, seq }: Pick<JsMsg, "subject" | "seq">,
  delivery: DeferrableDelivery | undefined,
  store: DeadLetterDeps["store"],
) => {
  if (delivery === undefined) {
    const ids = idsInSubject(subject);
    const eventSeq = subject.startsWith("events.") ? seq : ids.event_seq;
    return eventSeq === undefined ? ids : { ...ids, ...eventIds(eventSeq, store) };
  }
  return attemptIds(delivery, store);
};

/** The ids of a delivery, and the number of the attempt that is due. */
export const attemptIds = (delivery: DeferrableDelivery, store: DeadLetterDeps["store"]) => ({
  ...idsOf({ ...delivery, eventId: store.eventId(delivery.eventSeq) }),
  attempt: delivery.attempt,
});

/**
 * The dead letter so that it fits: with fewer of the bytes that could not be parsed, which EVENTS has under
 * `event_seq`, or without the last attempt, which ATTEMPTS has. One that fits stays as it is.
 */
export const fittedDeadLetter = (deadLetter: DeadLetter, maxBytes: number): DeadLetter => {
  const size = new TextEncoder().encode(JSON.stringify(deadLetter)).byteLength;
  const overBytes = size - maxBytes;
  if (overBytes <= 0) return deadLetter;
  if (deadLetter.reason === "invalid_event") {
    // `false` becomes `true` at most, which is no longer. Base64 has three bytes in four characters.
    const keptCharacters = Math.max(0, deadLetter.raw.length - overBytes);
    const raw = deadLetter.raw.slice(0, keptCharacters - (keptCharacters % 4));
    return { ...deadLetter, raw, truncated: true };
  }
  const { last_attempt: _left, ...rest } = deadLetter;
  return rest;
};

const rawOf = (bytes: Uint8Array) => ({
  raw: Buffer.from(bytes.subarray(0, MAX_RAW_MESSAGE_BYTES)).toString("base64"),
  truncated: bytes.byteLength > MAX_RAW_MESSAGE_BYTES,
});

const eventIds = (eventSeq: number, store: DeadLetterDeps["store"]) => ({
  event_id: store.eventId(eventSeq),
  event_seq: eventSeq,
});

/** What the subject of a due retry names. */
const agentIds = (subject: string) => {
  const named = parseDueRetrySubject(subject);
  if (named === undefined) return {};
  const { agent, deliveryId } = named;
  const ids = { agent_id: agent.agentId, workspace_id: agent.workspaceId };
  return deliveryId === undefined ? ids : { ...ids, delivery_id: deliveryId };
};

const iso = (ms: number): string => new Date(ms).toISOString();
