import { deadLetterSchema } from "@ringback/contracts/deliveries/dead-letter";
import { firstDeliveryId } from "@ringback/contracts/deliveries/delivery-id";
import type { EventAddress } from "@ringback/contracts/events/event";
import { jsonIn } from "@ringback/contracts/json/json-in";
import { deadLetterSubject, STREAMS, type StreamName } from "@ringback/contracts/streams/subjects";
import { storedHeader } from "@ringback/runtime/nats/message-headers";
import type { Nats } from "@ringback/runtime/nats/connection";
import { isUnavailable } from "@ringback/runtime/nats/errors";
import { MESSAGE_ID_HEADER, readLast, readNext } from "@ringback/runtime/nats/publish";

/** Few dead letters share a subject (one call's), save those of unparsable messages. */
const MAX_SEARCHED = 20;

/**
 * Whether a message with this id is on its subject: the server's duplicate window is short, and a process
 * may be away for longer. Reads the last one first, as each failed redelivery adds one. False also where no
 * server replies.
 */
export const hasMessage = async (
  nats: Nats,
  stream: StreamName,
  subject: string,
  messageId: string,
): Promise<boolean> => {
  let seq = 1;
  try {
    const last = await readLast(nats, stream, subject);
    if (last === null) return false;
    if (storedHeader(last, MESSAGE_ID_HEADER) === messageId) return true;
    for (let n = 0; n < MAX_SEARCHED; n += 1) {
      const message = await readNext(nats, stream, subject, seq);
      if (message === null || message.seq === last.seq) return false;
      if (storedHeader(message, MESSAGE_ID_HEADER) === messageId) return true;
      seq = message.seq + 1;
    }
  } catch (error) {
    // The write that follows waits for the server.
    if (!isUnavailable(error)) throw error;
  }
  return false;
};

/** A delivery that may have ended. */
export type Ended = {
  readonly address: EventAddress;
  readonly eventSeq: number;
  readonly deliveryId: string;
};

/**
 * Whether a delivery was dead-lettered: its last record does not say so where it ended without an attempt. One that
 * was set aside unread is known by its agent and its id alone.
 */
export const isDeadLettered = async (nats: Nats, delivery: Ended): Promise<boolean> => {
  const { workspaceId, agentId } = delivery.address;
  const unread = { workspaceId, agentId, callId: undefined, eventType: undefined };
  for (const subject of [deadLetterSubject(delivery.address), deadLetterSubject(unread)])
    if (await hasDeadLetterOn(subject, delivery, nats)) return true;
  return false;
};

const hasDeadLetterOn = async (subject: string, delivery: Ended, nats: Nats): Promise<boolean> => {
  const last = await readLast(nats, STREAMS.deadLetters, subject);
  if (last === null) return false;
  if (isOf(last.data, delivery)) return true;
  for (let n = 0, seq = 1; n < MAX_SEARCHED; n += 1) {
    const message = await readNext(nats, STREAMS.deadLetters, subject, seq);
    if (message === null || message.seq >= last.seq) return false;
    if (isOf(message.data, delivery)) return true;
    seq = message.seq + 1;
  }
  return false;
};

const isOf = (data: Uint8Array, { eventSeq, deliveryId }: Ended): boolean => {
  const { data: deadLetter } = deadLetterSchema.safeParse(jsonIn(data));
  if (deadLetter === undefined) return false;
  if (deadLetter.reason === "invalid_event") return deadLetter.event_seq === eventSeq; // it has no deliveries
  const { delivery_id, event_seq } = deadLetter;
  if (event_seq === undefined) return delivery_id === deliveryId;
  return event_seq === eventSeq && (delivery_id ?? firstDeliveryId(eventSeq)) === deliveryId;
};
