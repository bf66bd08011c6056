import { DeliverPolicy, type ConsumerMessages, type JsMsg } from "@nats-io/jetstream";
import { idsInSubject } from "@ringback/contracts/streams/subject-ids";
import type { StreamName } from "@ringback/contracts/streams/subjects";
import { backoffMs, pause } from "@ringback/runtime/process/backoff";
import { logRepeated } from "@ringback/runtime/telemetry/repeated";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";
import { readPage } from "@ringback/runtime/streams/read-batch";
import { withYields } from "@ringback/runtime/process/yielding";
import type { LiveConnection } from "./connection.ts";

/** A part of one stream, and what a connection sends of it. */
export type LiveSource = {
  readonly stream: StreamName;
  readonly filter: string;
  readonly headersOnly: boolean;
  /** Everything up to this sequence was sent. */
  readonly afterSeq: number;
  readonly send: (message: JsMsg) => void;
  /** Reports messages that were skipped. */
  readonly gap: (count: number, upToSeq: number) => void;
};

export type FollowDeps = { readonly nats: Nats; readonly log: Logger };

/** A client that is behind by more than this gets their number, and goes on with new messages. */
export const MAX_BEHIND = 1_000;

/** Messages fetched ahead of a client. */
const PREFETCH = 64;

/** Short, so that a change of leader stops a stream for seconds only. */
const PULL_EXPIRES_MS = 5_000;

/**
 * Sends a connection the messages of a stream, from its position on, until it is closed. Messages wait for a
 * slow client in the stream, where they take no memory and delay no other client.
 */
export const followLive = async (
  source: LiveSource,
  connection: LiveConnection,
  { nats, log }: FollowDeps,
): Promise<void> => {
  let afterSeq = source.afterSeq;
  for (let failures = 0; !connection.closed.aborted; failures += 1) {
    try {
      afterSeq = await skipBacklog({ ...source, afterSeq }, nats);
      await readOn({ ...source, afterSeq }, connection, nats, (seq) => {
        afterSeq = seq;
        failures = 0;
      });
    } catch (error) {
      if (connection.closed.aborted) return;
      const ids = { stream: source.stream, ...idsInSubject(source.filter) };
      logRepeated(log, { err: error, ...ids }, "stream.retrying");
      await pause(backoffMs(failures), connection.closed);
    }
  }
};

/** Where to read on: after everything that is stored, where that is too much. */
const skipBacklog = async (
  { stream, filter, afterSeq, gap }: LiveSource,
  nats: Nats,
): Promise<number> => {
  const behind = await countAfter(nats, stream, filter, afterSeq);
  if (behind <= MAX_BEHIND) return afterSeq;
  const { last_seq: lastSeq } = (await nats.jsm.streams.info(stream)).state;
  // Messages stored between these reads make the number a little too small or too large.
  const still = await countAfter(nats, stream, filter, lastSeq);
  gap(Math.max(1, behind - still), lastSeq);
  return lastSeq;
};

const countAfter = async (
  nats: Nats,
  stream: StreamName,
  filter: string,
  seq: number,
): Promise<number> => {
  const [first] = await readPage(nats, stream, { filter, from: seq + 1, size: 1 });
  return first === undefined ? 0 : first.pending + 1;
};

/** Sends messages until the connection is closed, or so far behind that it has to skip. */
const readOn = async (
  source: LiveSource,
  connection: LiveConnection,
  nats: Nats,
  onSent: (seq: number) => void,
): Promise<void> => {
  const consumer = await nats.js.consumers.get(source.stream, {
    filter_subjects: source.filter, // not a list: so the request's subject names it, and NATS can permit just that
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: source.afterSeq + 1,
    headers_only: source.headersOnly,
  });
  let messages: ConsumerMessages | undefined;
  const stop = (): void => messages?.stop();
  connection.closed.addEventListener("abort", stop);
  try {
    messages = await consumer.consume({ max_messages: PREFETCH, expires: PULL_EXPIRES_MS });
    if (connection.closed.aborted) return;
    for await (const message of withYields(messages)) {
      source.send(message);
      onSent(message.seq);
      const waited = await connection.room();
      if (connection.closed.aborted) return;
      if (waited && (await consumer.info()).num_pending > MAX_BEHIND) return;
    }
  } finally {
    connection.closed.removeEventListener("abort", stop);
    stop();
    // The server would keep it for five minutes, and does where it is away now.
    await consumer.delete().catch(() => undefined);
  }
};
