import {
  DeliverPolicy,
  type Consumer,
  type ConsumerMessages,
  type JsMsg,
} from "@nats-io/jetstream";
import type { StreamName } from "@ringback/contracts/streams/subjects";
import { backoffMs, pause } from "@ringback/runtime/process/backoff";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";
import { readPage } from "@ringback/runtime/streams/read-batch";
import { withYields } from "@ringback/runtime/process/yielding";
import type { LiveReader } from "./connection.ts";

/** A part of one stream that a reader is told of. */
export type LiveSource = {
  readonly stream: StreamName;
  readonly filter: string;
  readonly headersOnly: boolean;
  /** Everything up to here was told. */
  readonly afterSeq: number;
  readonly tell: (message: JsMsg) => void;
  readonly tellMissed: (count: number, upToSeq: number) => void;
};

export type FollowDeps = { readonly nats: Nats; readonly log: Logger };

/** A reader that is behind by more than this is told how many it missed, and goes on with what is new. */
export const MAX_BEHIND = 1_000;

/** So many are fetched ahead of a reader. */
const AHEAD = 64;

/** Short, so that a change of leader stands still for seconds only. */
const PULL_EXPIRES_MS = 5_000;

/**
 * Tells a reader what a stream has, from its place on, until it is gone. What waits for a slow reader
 * waits in the stream, so that it costs no memory here and holds up nobody else.
 */
export const followLive = async (
  source: LiveSource,
  reader: LiveReader,
  { nats, log }: FollowDeps,
): Promise<void> => {
  let afterSeq = source.afterSeq;
  for (let failures = 0; !reader.gone.aborted; failures += 1) {
    try {
      afterSeq = await skipWhatIsTooMuch({ ...source, afterSeq }, nats);
      await readOn({ ...source, afterSeq }, reader, nats, (seq) => {
        afterSeq = seq;
        failures = 0;
      });
    } catch (error) {
      if (reader.gone.aborted) return;
      log.warn({ err: error, stream: source.stream }, "stream.retrying");
      await pause(backoffMs(failures), reader.gone);
    }
  }
};

/** Where to read on: behind everything that is there, when that is too much. */
const skipWhatIsTooMuch = async (
  { stream, filter, afterSeq, tellMissed }: LiveSource,
  nats: Nats,
): Promise<number> => {
  const behind = await countAfter(nats, stream, filter, afterSeq);
  if (behind <= MAX_BEHIND) return afterSeq;
  const { last_seq: lastSeq } = (await nats.jsm.streams.info(stream)).state;
  // What is stored between these looks makes the number a little too small or too large.
  const still = await countAfter(nats, stream, filter, lastSeq);
  tellMissed(Math.max(1, behind - still), lastSeq);
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

/** Reads on until the reader is gone, or so far behind that it has to skip. */
const readOn = async (
  source: LiveSource,
  reader: LiveReader,
  nats: Nats,
  onTold: (seq: number) => void,
): Promise<void> => {
  const consumer = await nats.js.consumers.get(source.stream, {
    filter_subjects: source.filter, // not a list: so the request's subject names it, and NATS can permit just that
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: source.afterSeq + 1,
    headers_only: source.headersOnly,
  });
  let messages: ConsumerMessages | undefined;
  const stop = (): void => messages?.stop();
  reader.gone.addEventListener("abort", stop);
  try {
    messages = await consumer.consume({ max_messages: AHEAD, expires: PULL_EXPIRES_MS });
    if (reader.gone.aborted) return;
    for await (const message of withYields(messages)) {
      source.tell(message);
      onTold(message.seq);
      const waited = await reader.room();
      if (reader.gone.aborted) return;
      if (waited && (await consumer.info()).num_pending > MAX_BEHIND) return;
    }
  } finally {
    reader.gone.removeEventListener("abort", stop);
    stop();
    await forget(consumer);
  }
};

/** The server would keep it for five minutes. */
const forget = async (consumer: Consumer): Promise<void> => {
  try {
    await consumer.delete();
  } catch {
    // Gone already, or no server: it ends by itself.
  }
};
