import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import {
  decodeAttempt,
  decodeDeadLetter,
  type Decoded,
} from "@ringback/contracts/deliveries/decode";
import { deliveryIdInAttemptSubject, STREAMS } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { BatchMessage } from "@ringback/runtime/streams/read-batch";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { readThrough } from "./read-stream.ts";

export type RecordsDeps = { readonly nats: Nats; readonly log: Logger };

/** A record as it is on ATTEMPTS. */
export type StoredAttempt = {
  /** Its sequence on ATTEMPTS. */
  readonly seq: number;
  readonly deliveryId: string;
  readonly record: AttemptRecord;
};

/** A delivery has at most one record more than a schedule may have delays. */
const MAX_RECORDS = 32;

/** The records of one delivery, given by its subject on ATTEMPTS, oldest first. */
export const attemptsOn = async (deps: RecordsDeps, subject: string): Promise<StoredAttempt[]> => {
  const deliveryId = deliveryIdInAttemptSubject(subject);
  if (deliveryId === undefined) return [];
  const found: StoredAttempt[] = [];
  const part = { stream: STREAMS.attempts, filter: subject, from: 1, size: MAX_RECORDS };
  for await (const message of readThrough(deps.nats, part)) {
    const record = readable(decodeAttempt(message.data), message, deps);
    if (record !== undefined) found.push({ seq: message.seq, deliveryId, record });
  }
  return found;
};

/** The dead letters on a subject, oldest first. */
export async function* deadLettersOn(
  deps: RecordsDeps,
  filter: string,
  from: number | Date,
): AsyncGenerator<DeadLetter> {
  const part = { stream: STREAMS.deadLetters, filter, from };
  for await (const message of readThrough(deps.nats, part)) {
    const deadLetter = readable(decodeDeadLetter(message.data), message, deps);
    if (deadLetter !== undefined) yield deadLetter;
  }
}

/** A later version may have stored another form: the log has it, and the response leaves it out. */
const readable = <T>(
  { value, wrong: paths }: Decoded<T>,
  { subject, seq }: BatchMessage,
  { log }: RecordsDeps,
): T | undefined => {
  if (paths !== undefined) log.error({ subject, seq, paths }, "reading.unreadable_message");
  return value;
};
