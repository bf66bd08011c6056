import { DeliverPolicy, type ConsumerMessages, type JsMsg } from "@nats-io/jetstream";
import type { StreamName } from "@ringback/contracts/streams/subjects";
import { backoffMs, pause } from "@ringback/runtime/process/backoff";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { isStreamNotFound } from "@ringback/runtime/nats/errors";
import type { Nats } from "@ringback/runtime/nats/connection";
import { standstillWatch } from "@ringback/runtime/process/stall-detector";
import { streamLost } from "@ringback/runtime/streams/stream-watch";
import { bursts } from "./batches.ts";

/** A stream that is read from a place on, and then as messages come. */
export type Following = {
  readonly caughtUp: Promise<void>;
  readonly isCaughtUp: () => boolean;
  readonly appliedUpTo: () => number;
  /** Messages that are stored and not yet applied. */
  readonly lag: () => number;
  /** To be told the stream's state every few seconds: begins anew where it has stood still. */
  readonly compare: (state: SequenceRange) => void;
  readonly stop: () => Promise<void>;
};

export type SequenceRange = { readonly first_seq: number; readonly last_seq: number };

export type FollowOptions = {
  readonly nats: Nats;
  readonly stream: StreamName;
  readonly filter: string;
  /** Everything up to here was applied before. */
  readonly appliedUpTo: number;
  /** Without their bodies. */
  readonly headersOnly: boolean;
  /** On their way to this process or waiting in it at a time. */
  readonly maxMessages: number;
  /** Applies messages in their order; `reached` tells how far that is. Tried again when it throws. */
  readonly apply: (messages: readonly JsMsg[], reached: (seq: number) => void) => Promise<void>;
  readonly onStreamLost: (error: unknown) => void;
  readonly log: Logger;
};

/** Looks in a row, each a few seconds after the one before (`watchStreams`). */
const STILL_LOOKS = 6;

/** Of those that arrive together, so many are applied together. */
const MAX_BURST = 256;

type Reading = {
  appliedUpTo: number;
  firstSeq: number;
  lastSeq: number;
  isCaughtUp: boolean;
  readonly caughtUp: PromiseWithResolvers<void>;
  messages: ConsumerMessages | undefined;
};

/** Follows every message of a stream from a place on; begins anew there after every break. */
export const followStream = (options: FollowOptions): Following => {
  const stopping = new AbortController();
  const isStandingStill = standstillWatch(STILL_LOOKS);
  const reading: Reading = {
    appliedUpTo: options.appliedUpTo,
    firstSeq: 1,
    lastSeq: options.appliedUpTo,
    isCaughtUp: false,
    caughtUp: Promise.withResolvers<void>(),
    messages: undefined,
  };
  const ended = keepFollowing(options, reading, stopping.signal);
  return {
    caughtUp: reading.caughtUp.promise,
    isCaughtUp: () => reading.isCaughtUp,
    appliedUpTo: () => reading.appliedUpTo,
    lag: () => Math.max(0, reading.lastSeq - Math.max(reading.appliedUpTo, reading.firstSeq - 1)),
    compare: ({ first_seq, last_seq }) => {
      reading.firstSeq = first_seq;
      reading.lastSeq = Math.max(reading.lastSeq, last_seq);
      if (!isStandingStill(reading.appliedUpTo, last_seq)) return;
      options.log.warn({ stream: options.stream, last_seq }, "projection.restarted");
      reading.messages?.stop();
    },
    stop: async () => {
      stopping.abort();
      reading.messages?.stop();
      await ended;
    },
  };
};

const keepFollowing = async (
  options: FollowOptions,
  reading: Reading,
  stopping: AbortSignal,
): Promise<void> => {
  for (let failures = 0; !stopping.aborted; failures += 1) {
    try {
      await follow(options, reading, stopping);
      failures = 0;
    } catch (error) {
      if (stopping.aborted) return;
      if (isStreamNotFound(error)) return options.onStreamLost(streamLost(options.stream, error));
      options.log.warn({ err: error, stream: options.stream }, "projection.retrying");
    } finally {
      reading.messages?.stop();
    }
    await pause(backoffMs(failures), stopping);
  }
};

const follow = async (
  options: FollowOptions,
  reading: Reading,
  stopping: AbortSignal,
): Promise<void> => {
  const { nats, stream, filter, headersOnly, maxMessages } = options;
  const { state } = await nats.jsm.streams.info(stream);
  reading.firstSeq = state.first_seq;
  reading.lastSeq = state.last_seq;
  const consumer = await nats.js.consumers.get(stream, {
    filter_subjects: filter, // not a list: so the request's subject names it, and NATS can permit just that
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: reading.appliedUpTo + 1,
    headers_only: headersOnly,
  });
  const caughtUp = (): void => {
    reading.isCaughtUp = true;
    reading.caughtUp.resolve();
  };
  const info = await consumer.info(true);
  if (info.num_pending === 0) {
    // Also where the stream's last messages are gone.
    reading.appliedUpTo = Math.max(reading.appliedUpTo, state.last_seq);
    caughtUp();
  }
  const messages = await consumer.consume({ max_messages: maxMessages, expires: 5_000 });
  reading.messages = messages;
  if (stopping.aborted) return; // before there was anything to stop
  void watch(messages, options);
  for await (const burst of bursts(messages, MAX_BURST)) {
    const last = burst.at(-1) as JsMsg;
    reading.lastSeq = Math.max(reading.lastSeq, last.seq + last.info.pending);
    await options.apply(burst, (seq) => {
      reading.appliedUpTo = Math.max(reading.appliedUpTo, seq);
    });
    if (stopping.aborted) return;
    if (reading.appliedUpTo >= state.last_seq || last.info.pending === 0) caughtUp();
  }
};

/** When its stream is gone, consuming only falls silent; the status tells. */
const watch = async (messages: ConsumerMessages, options: FollowOptions): Promise<void> => {
  for await (const status of messages.status()) {
    if (status.type === "stream_not_found") options.onStreamLost(streamLost(options.stream));
  }
};
