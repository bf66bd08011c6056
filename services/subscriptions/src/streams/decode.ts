import { Buffer } from "node:buffer";
import { attemptRecordSchema, type AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { deadLetterSchema, type DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { deliveryIdInAttemptSubject, STREAMS } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { BatchMessage } from "@ringback/runtime/streams/read-batch";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { readThrough } from "./read-stream.ts";

/** The record in a message of ATTEMPTS; undefined: a later version may have stored it in another form. */
export const attemptIn = (data: Uint8Array): AttemptRecord | undefined =>
  attemptRecordSchema.safeParse(jsonIn(data)).data;

/** The dead letter in a message of DEAD_LETTERS; undefined as for an attempt. */
export const deadLetterIn = (data: Uint8Array): DeadLetter | undefined =>
  deadLetterSchema.safeParse(jsonIn(data)).data;

const jsonIn = (data: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8"));
  } catch {
    return undefined;
  }
};

export type RecordsDeps = { readonly nats: Nats; readonly log: Logger };

/** A record as it is on ATTEMPTS. */
export type StoredAttempt = {
  /** Its sequence on ATTEMPTS. */
  readonly seq: number;
  readonly deliveryId: string;
  readonly record: AttemptRecord;
};

/** The attempt in a message of ATTEMPTS; undefined where it cannot be read. */
export const storedAttempt = ({
  subject,
  seq,
  data,
}: Pick<BatchMessage, "subject" | "seq" | "data">): StoredAttempt | undefined => {
  const deliveryId = deliveryIdInAttemptSubject(subject);
  const record = attemptIn(data);
  return deliveryId === undefined || record === undefined ? undefined : { seq, deliveryId, record };
};

/** A delivery has at most one record more than a schedule may have delays. */
const MAX_RECORDS = 32;

/** The records of one delivery, given by its subject on ATTEMPTS, oldest first. */
export const attemptsOn = async (
  { nats, log }: RecordsDeps,
  subject: string,
): Promise<StoredAttempt[]> => {
  const found: StoredAttempt[] = [];
  const part = { stream: STREAMS.attempts, filter: subject, from: 1, size: MAX_RECORDS };
  for await (const message of readThrough(nats, part)) {
    const attempt = storedAttempt(message);
    if (attempt === undefined) logUnreadable(message, log);
    else found.push(attempt);
  }
  return found;
};

/** The dead letters on a subject, oldest first. */
export async function* deadLettersOn(
  { nats, log }: RecordsDeps,
  filter: string,
  from: number | Date,
): AsyncGenerator<DeadLetter> {
  for await (const message of readThrough(nats, { stream: STREAMS.deadLetters, filter, from })) {
    const deadLetter = deadLetterIn(message.data);
    if (deadLetter === undefined) logUnreadable(message, log);
    else yield deadLetter;
  }
}

const logUnreadable = ({ subject, seq }: BatchMessage, log: Logger): void =>
  log.error({ subject, seq }, "reading.unreadable_message");
