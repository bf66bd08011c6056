import { DeliverPolicy, type ConsumerMessages } from "@nats-io/jetstream";
import type { StreamName } from "@ringback/contracts/subjects";
import { backoffMs, pause } from "./backoff.ts";
import type { Logger } from "./logger.ts";
import { isStreamNotFound } from "./nats-errors.ts";
import type { Nats } from "./nats.ts";
import { standstillWatch } from "./standstill.ts";
import { streamLost } from "./stream-watch.ts";
import { inSlices } from "./time-slice.ts";

/** The last message of one subject. */
export type LastValue = {
  readonly subject: string;
  readonly seq: number;
  readonly data: Uint8Array;
};

export type LastValues = {
  /** Resolves once everything that was stored at the start has been applied. */
  readonly caughtUp: Promise<void>;
  readonly isCaughtUp: () => boolean;
  /** The sequence up to which everything has been applied. */
  readonly appliedUpTo: () => number;
  /** To be told the stream's last sequence every few seconds: reads anew what has stood still behind it. */
  readonly compare: (lastSeq: number) => void;
  readonly stop: () => Promise<void>;
};

export type LastValuesOptions = {
  readonly nats: Nats;
  readonly stream: StreamName;
  readonly filter: string;
  /** Called in the order of the stream; again with older messages after a restart. */
  readonly apply: (value: LastValue) => void;
  readonly onStreamLost: (error: unknown) => void;
  readonly log: Logger;
};

/** Looks in a row, each a few seconds after the one before (`watchStreams`). */
const STILL_LOOKS = 6;

/** How far the reading has come, and what is being read. */
type Reading = {
  appliedUpTo: number;
  isCaughtUp: boolean;
  readonly caughtUp: PromiseWithResolvers<void>;
  messages: ConsumerMessages | undefined;
};

/** Follows the last message of every subject of a stream, first all that is there, then live. */
export const followLastValues = (options: LastValuesOptions): LastValues => {
  const { log, stream } = options;
  const stopping = new AbortController();
  const caughtUp = Promise.withResolvers<void>();
  const reading: Reading = { appliedUpTo: 0, isCaughtUp: false, caughtUp, messages: undefined };
  const isStandingStill = standstillWatch(STILL_LOOKS);
  const ended = keepFollowing(options, reading, stopping.signal);
  return {
    caughtUp: caughtUp.promise,
    isCaughtUp: () => reading.isCaughtUp,
    appliedUpTo: () => reading.appliedUpTo,
    compare: (lastSeq) => {
      const { appliedUpTo: applied, messages } = reading;
      if (!isStandingStill(applied, lastSeq)) return;
      log.warn({ stream, applied, last_seq: lastSeq }, "last_values.restarted");
      messages?.stop();
    },
    stop: async () => {
      stopping.abort();
      reading.messages?.stop();
      await ended;
    },
  };
};

const keepFollowing = async (
  options: LastValuesOptions,
  reading: Reading,
  stopping: AbortSignal,
): Promise<void> => {
  for (let failures = 0; !stopping.aborted; failures += 1) {
    try {
      await follow(options, reading);
      failures = 0;
    } catch (error) {
      if (isStreamNotFound(error)) return options.onStreamLost(streamLost(options.stream, error));
      options.log.warn({ err: error, stream: options.stream }, "last_values.retrying");
    }
    await pause(backoffMs(failures), stopping);
  }
};

const follow = async (options: LastValuesOptions, reading: Reading): Promise<void> => {
  const { nats, stream, filter } = options;
  const { state } = await nats.jsm.streams.info(stream);
  const consumer = await nats.js.consumers.get(stream, {
    filter_subjects: filter, // not a list: so the request's subject names it, and NATS can permit just that
    deliver_policy: DeliverPolicy.LastPerSubject,
  });
  const info = await consumer.info(true);
  const reached = (seq: number): void => {
    reading.appliedUpTo = Math.max(reading.appliedUpTo, seq);
  };
  // Nothing pending: all up to there is applied, also where the stream's last message is deleted.
  const done = (): void => {
    reached(state.last_seq);
    reading.isCaughtUp = true;
    reading.caughtUp.resolve();
  };
  if (info.num_pending === 0) done();
  reading.messages = await consumer.consume({ max_messages: 2_000, expires: 5_000 });
  void watch(reading.messages, options);
  for await (const message of inSlices(reading.messages)) {
    options.apply({ subject: message.subject, seq: message.seq, data: message.data });
    reached(message.seq);
    if (message.info.pending === 0) done();
  }
};

/** When its stream is gone, consuming only falls silent; the status tells. */
const watch = async (messages: ConsumerMessages, options: LastValuesOptions): Promise<void> => {
  for await (const status of messages.status()) {
    if (status.type === "stream_not_found") {
      options.onStreamLost(streamLost(options.stream));
    }
  }
};
