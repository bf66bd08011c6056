import { Buffer } from "node:buffer";
import { attemptRecordSchema, type AttemptRecord } from "@ringback/contracts/attempt";
import { deadLetterSchema, type DeadLetter } from "@ringback/contracts/dead-letter";
import { deliveryIdInAttemptSubject, STREAMS } from "@ringback/contracts/subjects";
import type { Logger } from "@ringback/runtime/logger";
import type { Nats } from "@ringback/runtime/nats";
import type { z } from "zod";
import { readThrough, type StoredMessage } from "./stored-messages.ts";

export type RecordsDeps = { readonly nats: Nats; readonly log: Logger };

/** A record as it is on ATTEMPTS. */
export type StoredAttempt = {
  /** Its sequence on ATTEMPTS. */
  readonly seq: number;
  readonly deliveryId: string;
  readonly record: AttemptRecord;
};

/** By how much the clocks of two servers may differ, where one stored an event and one its records. */
const CLOCKS_DIFFER_MS = 60_000;

const placeOf = (sinceMs: number): Date => new Date(Math.max(0, sinceMs - CLOCKS_DIFFER_MS));

/** The records on subjects of ATTEMPTS about events that were stored from a time on, oldest first. */
export async function* attemptsSince(
  { nats, log }: RecordsDeps,
  filter: string,
  sinceMs: number,
): AsyncGenerator<StoredAttempt> {
  const part = { stream: STREAMS.attempts, filter, from: placeOf(sinceMs) };
  for await (const message of readThrough(nats, part)) {
    const record = valueIn(message, attemptRecordSchema, log);
    const deliveryId = deliveryIdInAttemptSubject(message.subject);
    if (record === undefined || deliveryId === undefined) continue;
    yield { seq: message.seq, deliveryId, record };
  }
}

/** The dead letters on subjects of DEAD_LETTERS about such events, oldest first. */
export async function* deadLettersSince(
  { nats, log }: RecordsDeps,
  filter: string,
  sinceMs: number,
): AsyncGenerator<DeadLetter> {
  const part = { stream: STREAMS.deadLetters, filter, from: placeOf(sinceMs) };
  for await (const message of readThrough(nats, part)) {
    const letter = valueIn(message, deadLetterSchema, log);
    if (letter !== undefined) yield letter;
  }
}

/** What a later version may have stored in another form is passed over, and not hidden. */
const valueIn = <T extends z.ZodType>(
  { subject, seq, data }: StoredMessage,
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
