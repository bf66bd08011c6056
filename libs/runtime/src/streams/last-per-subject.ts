import { DeliverPolicy, type ConsumerMessages } from "@nats-io/jetstream";
import type { StreamName } from "@ringback/contracts/streams/subjects";
import { pause } from "../process/backoff.ts";
import { followFreshness, type Freshness } from "./freshness.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Nats } from "../nats/connection.ts";
import { readNext } from "../nats/publish.ts";
import { keepFollowing } from "./keep-following.ts";
import { streamLost } from "./stream-watch.ts";
import { withYields } from "../process/yielding.ts";

/** The last message of one subject. */
export type LastMessage = {
  readonly subject: string;
  readonly seq: number;
  readonly data: Uint8Array;
};

export type LastPerSubject = Pick<Freshness, "ageMs" | "isCurrent" | "unavailable"> & {
  /** Resolves once everything that was stored at the start is applied. */
  readonly caughtUp: Promise<void>;
  readonly isCaughtUp: () => boolean;
  /** The sequence up to which everything is applied. */
  readonly appliedUpTo: () => number;
  /** Resolves once everything up to `seq` is applied; false when that takes longer than a second. */
  readonly applied: (seq: number) => Promise<boolean>;
  readonly stop: () => Promise<void>;
};

export type LastPerSubjectOptions = {
  readonly nats: Nats;
  readonly stream: StreamName;
  readonly filter: string;
  /** Called in the order of the stream; again with older messages after a restart. */
  readonly apply: (value: LastMessage) => void;
  readonly onStreamLost: (error: unknown) => void;
  readonly log: Logger;
};

/** A missed heartbeat restarts the reading: the consumer may be lost with its server. */
const HEARTBEAT_MS = 500;

/**
 * Unread messages at once. Each may be as large as the server takes (1 MiB by default), and the server closes
 * a connection for which it buffers more than `max_pending` (64 MiB).
 */
const MAX_BUFFERED = 50;

/** A reader of its own write waits at most this long, and checks this often. */
const MAX_LAG_MS = 1_000;
const CHECK_EVERY_MS = 5;

/** The progress of the reading. */
type Reading = {
  appliedUpTo: number;
  isCaughtUp: boolean;
  readonly caughtUp: PromiseWithResolvers<void>;
  messages: ConsumerMessages | undefined;
};

/** Follows the last message of every subject of a stream: first the stored ones, then live. */
export const followLastPerSubject = (options: LastPerSubjectOptions): LastPerSubject => {
  const { nats, log, stream } = options;
  const stopping = new AbortController();
  const caughtUp = Promise.withResolvers<void>();
  const reading: Reading = { appliedUpTo: 0, isCaughtUp: false, caughtUp, messages: undefined };
  const appliedUpTo = (): number => reading.appliedUpTo;
  let stillAt = -1;
  const freshness = followFreshness({
    nats,
    stream,
    appliedUpTo,
    onBehind: (lastSeq) => {
      const isStill = stillAt === appliedUpTo();
      stillAt = appliedUpTo();
      if (!isStill) return;
      log.warn({ stream, applied: appliedUpTo(), last_seq: lastSeq }, "last_values.restarted");
      reading.messages?.stop();
    },
    log,
    signal: stopping.signal,
  });
  const ended = keepFollowing(
    {
      ...options,
      follow: () => follow({ ...options, onReached: freshness.reached }, reading, stopping.signal),
      stopReading: () => reading.messages?.stop(),
      retryEvent: "last_values.retrying",
    },
    stopping.signal,
  );
  return {
    ...freshness,
    applied: (seq) => untilApplied(appliedUpTo, seq, MAX_LAG_MS),
    caughtUp: caughtUp.promise,
    isCaughtUp: () => reading.isCaughtUp,
    appliedUpTo,
    stop: async () => {
      stopping.abort();
      reading.messages?.stop();
      await ended;
    },
  };
};

/** Resolves once everything up to `seq` is applied; false when that takes longer than `maxMs`. */
export const untilApplied = async (
  appliedUpTo: () => number,
  seq: number,
  maxMs: number,
): Promise<boolean> => {
  const startMs = performance.now();
  while (appliedUpTo() < seq) {
    if (performance.now() - startMs > maxMs) return false;
    await pause(CHECK_EVERY_MS);
  }
  return true;
};

type FollowOptions = LastPerSubjectOptions & { readonly onReached: () => void };

const follow = async (
  options: FollowOptions,
  reading: Reading,
  stopping: AbortSignal,
): Promise<void> => {
  const { nats, stream, filter } = options;
  const { state } = await nats.jsm.streams.info(stream);
  const consumer = await nats.js.consumers.get(stream, {
    filter_subjects: filter, // not a list: so the request's subject names it, and NATS can permit just that
    ...(reading.isCaughtUp
      ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: reading.appliedUpTo + 1 }
      : { deliver_policy: DeliverPolicy.LastPerSubject }),
  });
  const reached = (seq: number): void => {
    reading.appliedUpTo = Math.max(reading.appliedUpTo, seq);
    options.onReached();
  };
  // Complete up to there, also when the stream's last message is deleted.
  const done = (): void => {
    reached(state.last_seq);
    reading.isCaughtUp = true;
    reading.caughtUp.resolve();
  };
  const info = await consumer.info(true);
  const settle = async (): Promise<void> => {
    if (reading.isCaughtUp && reading.appliedUpTo >= state.last_seq) return;
    if (await isNothingBehind(options, reading.appliedUpTo)) done();
  };
  if (info.num_pending === 0) await settle();
  const messages = await consumer.consume({
    max_messages: MAX_BUFFERED,
    expires: 5_000,
    idle_heartbeat: HEARTBEAT_MS,
  });
  reading.messages = messages;
  if (stopping.aborted) return; // before there was anything to stop
  void watch(messages, options);
  for await (const message of withYields(messages)) {
    options.apply({ subject: message.subject, seq: message.seq, data: message.data });
    reached(message.seq);
    if (message.info.pending === 0) await settle();
  }
};

/** Read from the leader: a consumer may be on a server that is behind it. */
const isNothingBehind = async (
  { nats, stream, filter }: FollowOptions,
  seq: number,
): Promise<boolean> => (await readNext(nats, stream, filter, seq + 1)) === null;

/** Without its consumer or stream, `consume` only falls silent; the status shows why. */
const watch = async (messages: ConsumerMessages, options: LastPerSubjectOptions): Promise<void> => {
  for await (const status of messages.status()) {
    if (status.type === "stream_not_found") options.onStreamLost(streamLost(options.stream));
    if (ENDS_READING.has(status.type)) messages.stop();
  }
};

const ENDS_READING: ReadonlySet<string> = new Set([
  "heartbeats_missed",
  "consumer_deleted",
  "consumer_not_found",
  "no_responders",
]);

/** For the gauge `ringback_subscriptions_view_age_seconds`: undefined before the first complete copy. */
export const viewAgeSeconds = (
  values: Pick<LastPerSubject, "ageMs"> | undefined,
): number | undefined => {
  const ageMs = values?.ageMs() ?? Infinity;
  return Number.isFinite(ageMs) ? ageMs / 1_000 : undefined;
};
