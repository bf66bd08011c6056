import { DeliverPolicy, type ConsumerMessages, type JsMsg } from "@nats-io/jetstream";
import type { StreamName } from "@ringback/contracts/streams/subjects";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";
import { stallDetector } from "@ringback/runtime/process/stall-detector";
import { keepFollowing } from "@ringback/runtime/streams/keep-following";
import { streamLost } from "@ringback/runtime/streams/stream-watch";
import type { ApplyMessages } from "./apply-messages.ts";
import { batches } from "./batches.ts";

/** A stream that is read from a sequence on, and then as messages come. */
export type Following = {
  /** Whether everything is applied that was stored when the reading began. */
  readonly isCaughtUp: () => boolean;
  readonly appliedUpTo: () => number;
  /** Messages that are stored and not yet applied. */
  readonly lag: () => number;
  /** Call every few seconds with the stream's state; resubscribes when no progress was made. */
  readonly compare: (state: SequenceRange) => void;
  readonly stop: () => Promise<void>;
};

type SequenceRange = { readonly first_seq: number; readonly last_seq: number };

export type FollowOptions = {
  readonly nats: Nats;
  readonly stream: StreamName;
  readonly filter: string;
  /** Everything up to this sequence was applied before. */
  readonly appliedUpTo: number;
  readonly headersOnly: boolean;
  /** In flight to this process, or waiting in it, at a time. */
  readonly maxMessages: number;
  /** Called again with the same messages when it throws. */
  readonly apply: ApplyMessages;
  readonly onStreamLost: (error: unknown) => void;
  readonly log: Logger;
};

/** Comparisons without progress, each a few seconds after the one before (`watchStreams`). */
const MAX_STALLED = 6;

const MAX_BATCH = 256;

type Reading = {
  appliedUpTo: number;
  firstSeq: number;
  lastSeq: number;
  isCaughtUp: boolean;
  messages: ConsumerMessages | undefined;
};

/** Follows every message of a stream; after a break it goes on where it was. */
export const followStream = (options: FollowOptions): Following => {
  const stopping = new AbortController();
  const isStalled = stallDetector(MAX_STALLED);
  const reading: Reading = {
    appliedUpTo: options.appliedUpTo,
    firstSeq: 1,
    lastSeq: options.appliedUpTo,
    isCaughtUp: false,
    messages: undefined,
  };
  const ended = keepFollowing(
    {
      ...options,
      follow: () => follow(options, reading, stopping.signal),
      stopReading: () => reading.messages?.stop(),
      retryEvent: "projection.retrying",
    },
    stopping.signal,
  );
  return {
    isCaughtUp: () => reading.isCaughtUp,
    appliedUpTo: () => reading.appliedUpTo,
    lag: () => Math.max(0, reading.lastSeq - Math.max(reading.appliedUpTo, reading.firstSeq - 1)),
    compare: ({ first_seq, last_seq }) => {
      reading.firstSeq = first_seq;
      reading.lastSeq = Math.max(reading.lastSeq, last_seq);
      if (!isStalled(reading.appliedUpTo, last_seq)) return;
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
  const info = await consumer.info(true);
  if (info.num_pending === 0) {
    // The stream's last messages may be deleted.
    reading.appliedUpTo = Math.max(reading.appliedUpTo, state.last_seq);
    reading.isCaughtUp = true;
  }
  const messages = await consumer.consume({ max_messages: maxMessages, expires: 5_000 });
  reading.messages = messages;
  if (stopping.aborted) return; // while there was nothing to stop yet
  void watch(messages, options);
  for await (const batch of batches(messages, MAX_BATCH)) {
    const last = batch.at(-1) as JsMsg;
    reading.lastSeq = Math.max(reading.lastSeq, last.seq + last.info.pending);
    try {
      await options.apply(batch, (seq) => {
        reading.appliedUpTo = Math.max(reading.appliedUpTo, seq);
      });
    } catch (error) {
      messages.stop(); // leaving the loop waits for the next message otherwise, which may never come
      throw error;
    }
    if (stopping.aborted) return;
    if (reading.appliedUpTo >= state.last_seq || last.info.pending === 0) reading.isCaughtUp = true;
  }
};

/** When its stream is gone, consuming only falls silent; its status reports it. */
const watch = async (messages: ConsumerMessages, options: FollowOptions): Promise<void> => {
  for await (const status of messages.status()) {
    if (status.type === "stream_not_found") options.onStreamLost(streamLost(options.stream));
  }
};
