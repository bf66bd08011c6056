import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import {
  decodeAttempt,
  decodeDeadLetter,
  type Decoded,
} from "@ringback/contracts/deliveries/decode";
import {
  deliveryIdInAttemptSubject,
  STREAMS,
  type StreamName,
} from "@ringback/contracts/streams/subjects";
import { idsInSubject } from "@ringback/contracts/streams/subject-ids";
import type { Nats } from "@ringback/runtime/nats/connection";
import { mapConcurrently } from "@ringback/runtime/process/concurrency";
import { readPage, type BatchMessage } from "@ringback/runtime/streams/read-batch";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { refuseWhileDisconnected } from "./ask.ts";
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
  const found: StoredAttempt[] = [];
  const part = { stream: STREAMS.attempts, filter: subject, from: 1, size: MAX_RECORDS };
  for await (const message of readThrough(deps.nats, part)) {
    const attempt = storedAttempt(message, readable(decodeAttempt(message.data), message, deps));
    if (attempt !== undefined) found.push(attempt);
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

const storedAttempt = (
  { subject, seq }: BatchMessage,
  record: AttemptRecord | undefined,
): StoredAttempt | undefined => {
  const deliveryId = deliveryIdInAttemptSubject(subject);
  return record === undefined || deliveryId === undefined ? undefined : { seq, deliveryId, record };
};

/** A later version may have stored another form: the log names it, and the response leaves it out. */
const readable = <T>(
  { value, wrong: paths }: Decoded<T>,
  { subject, seq }: BatchMessage,
  { log }: RecordsDeps,
): T | undefined => {
  if (paths !== undefined)
    log.error({ ...idsInSubject(subject), subject, seq, paths }, "reading.unreadable_message");
  return value;
};

type Numbered = { readonly seq: number };

/** Loads the records that rows of the index stand for, in their order; leaves out what has expired. */
export type RecordLoader = {
  readonly attempts: (rows: readonly Numbered[]) => Promise<StoredAttempt[]>;
  readonly deadLetters: (rows: readonly Numbered[]) => Promise<DeadLetter[]>;
};

/** Requests in flight for one page. */
const MAX_IN_FLIGHT = 32;

/** Reads from these streams. An unreadable record has no row, so nobody logs it here. */
export const recordLoader = (nats: Nats): RecordLoader => ({
  attempts: (rows) =>
    loadEach(nats, STREAMS.attempts, rows, (message) =>
      storedAttempt(message, decodeAttempt(message.data).value),
    ),
  deadLetters: (rows) =>
    loadEach(nats, STREAMS.deadLetters, rows, ({ data }) => decodeDeadLetter(data).value),
});

const loadEach = async <T>(
  nats: Nats,
  stream: StreamName,
  rows: readonly Numbered[],
  read: (message: BatchMessage) => T | undefined,
): Promise<T[]> => {
  refuseWhileDisconnected(nats);
  const found = await mapConcurrently(rows, MAX_IN_FLIGHT, async ({ seq }) => {
    const [message] = await readPage(nats, stream, { filter: ">", from: seq, size: 1 });
    return message?.seq === seq ? read(message) : undefined; // else it is gone
  });
  return found.filter((one) => one !== undefined);
};
