import { JetStreamError, type DirectBatchLimits, type StoredMsg } from "@nats-io/jetstream";
import { errors, type QueuedIterator } from "@nats-io/nats-core";
import type { StreamName } from "@ringback/contracts/subjects";
import type { Nats } from "./nats.ts";

/** A part of a stream, in its order. */
export type Page = {
  readonly filter: string;
  /** The sequence to begin at, or the time. */
  readonly from: number | Date;
  readonly size: number;
};

/** The server answers at most so many last messages at once. */
export const MAX_LAST = 1_024;

const ANSWER_WITHIN_MS = 5_000;

/**
 * At most `size` messages from a place on. Any replica may answer, so what was stored a moment ago may
 * be missing, and what was deleted a moment ago may be there.
 */
export const readPage = (
  { jsm }: Nats,
  stream: StreamName,
  { filter, from, size }: Page,
): Promise<StoredMsg[]> => {
  const start = typeof from === "number" ? { seq: from } : { start_time: from };
  return collected((callback) =>
    jsm.direct.getBatch(stream, { ...start, batch: size, next_by_subj: filter, callback }),
  );
};

/** The last message of each of these subjects that has one; at most `MAX_LAST`, from any replica. */
export const readLastOf = async (
  { jsm }: Nats,
  stream: StreamName,
  subjects: readonly string[],
): Promise<StoredMsg[]> => {
  if (subjects.length === 0) return [];
  if (subjects.length > MAX_LAST) {
    throw new RangeError(`${subjects.length} subjects at once: at most ${MAX_LAST}`);
  }
  const query = { multi_last: [...subjects], batch: subjects.length };
  return collected((callback) => jsm.direct.getLastMessagesFor(stream, { ...query, callback }));
};

type Callback = DirectBatchLimits["callback"];

/** All messages of one answer. As an iterator the client would keep its subscription open. */
const collected = async (
  ask: (callback: Callback) => Promise<QueuedIterator<StoredMsg>>,
): Promise<StoredMsg[]> => {
  const messages: StoredMsg[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const answer = await ask((done, message) => {
    if (done === null) messages.push(message);
    else if (done.err === undefined || statusOf(done.err) === 404) resolve();
    // No leader at the moment.
    else if (statusOf(done.err) === 503) reject(new errors.NoRespondersError("$JS.API.DIRECT.GET"));
    else reject(done.err);
  });
  // The client waits for the first message only, and for ever for the others of a broken connection.
  const timer = setTimeout(() => reject(new errors.TimeoutError()), ANSWER_WITHIN_MS);
  try {
    await promise;
    return messages;
  } finally {
    clearTimeout(timer);
    answer.stop();
  }
};

/** The class of these errors is not exported. */
const statusOf = (error: Error): number | undefined =>
  error instanceof JetStreamError && "code" in error ? Number(error.code) : undefined;
