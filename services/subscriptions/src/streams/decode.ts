import { Buffer } from "node:buffer";
import { attemptRecordSchema, type AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { deadLetterSchema, type DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { deliveryIdInAttemptSubject, STREAMS } from "@ringback/contracts/streams/subjects";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { BatchMessage } from "@ringback/runtime/streams/read-batch";
import type { z } from "zod";
import { readThrough } from "./read-stream.ts";

export type RecordsDeps = { readonly nats: Nats; readonly log: Logger };

/** A record as it is on ATTEMPTS. */
export type StoredAttempt = {
  /** Its sequence on ATTEMPTS. */
  readonly seq: number;
  readonly deliveryId: string;
  readonly record: AttemptRecord;
};

/** The records of one delivery, given by its subject on ATTEMPTS, oldest first. */
export const attemptsOn = async (
  { nats, log }: RecordsDeps,
  subject: string,
): Promise<StoredAttempt[]> => {
  const deliveryId = deliveryIdInAttemptSubject(subject);
  if (deliveryId === undefined) return [];
  const found: StoredAttempt[] = [];
  const part = { stream: STREAMS.attempts, filter: subject, from: 1, size: RECORDS_AT_ONCE };
  for await (const message of readThrough(nats, part)) {
    const record = valueIn(message, attemptRecordSchema, log);
    if (record !== undefined) found.push({ seq: message.seq, deliveryId, record });
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
    const letter = valueIn(message, deadLetterSchema, log);
    if (letter !== undefined) yield letter;
  }
}

/** A delivery has as many at most as a schedule may have delays, and one more. */
const RECORDS_AT_ONCE = 32;

/** What a later version may have stored in another form is passed over, and not hidden. */
const valueIn = <T extends z.ZodType>(
  { subject, seq, data }: BatchMessage,
  schema: T,
  log: Logger,
): z.output<T> | undefined => {
  const parsed = schema.safeParse(jsonIn(data));
  if (parsed.success) return parsed.data;
  const paths = parsed.error.issues.map(({ path }) => path.join("."));
  log.error({ subject, seq, paths }, "reading.unreadable_message");
  return undefined;
};

const jsonIn = (data: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8"));
  } catch {
    return undefined;
  }
};
