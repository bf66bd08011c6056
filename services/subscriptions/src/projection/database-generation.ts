import type { DatabaseSync } from "node:sqlite";
import {
  ALL_EVENTS,
  ALL_DEAD_LETTERS,
  ATTEMPT_RECORDS,
  STREAMS,
} from "@ringback/contracts/streams/subjects";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";
import { begunMs, originIn, type StreamOrigins } from "@ringback/contracts/streams/stream-origin";
import { messageAppliers } from "./apply/apply-messages.ts";
import { dropExpired, type DropExpired } from "./apply/drop-expired.ts";
import { followStream, type Following, type FollowOptions } from "./apply/follow-stream.ts";
import { oldestKept, type OldestKept } from "./apply/oldest-kept.ts";
import { PAGE_EVENTS, resolveUnsubscribed } from "./apply/resolve-unsubscribed.ts";
import { unresolvedEvents } from "./apply/unresolved-events.ts";
import { idsIn } from "./file/ids.ts";
import {
  closeIndexFile,
  isDamaged,
  openIndexFile,
  removeIndexFile,
  unwritableFile,
} from "./file/index-file.ts";
import {
  eachStream,
  PROJECTED_STREAMS,
  positionsIn,
  type Positions,
  type StreamState,
  type StreamStates,
} from "./file/positions.ts";
import { serialExecutor, transactionOn } from "./file/serial-executor.ts";
import { usedBytesOf } from "./file/used-bytes.ts";
import type { AllQueries } from "./figures.ts";
import type { ProjectedStream } from "./projection.ts";
import { queriesOn } from "./query/queries.ts";

export type GenerationOptions = {
  readonly nats: Nats;
  readonly origins: StreamOrigins;
  readonly path: string;
  /** `PROJECTION_MAX_BYTES`; undefined: it grows to all that the streams have. */
  readonly maxBytes?: number | undefined;
  readonly now: () => number;
  readonly onStreamLost: (error: unknown) => void;
  /** The file cannot be used any more. */
  readonly onDamaged: (error: unknown) => void;
  /** The file cannot be written where it is, and so cannot be made again either. */
  readonly onUnwritable: (error: Error) => void;
  readonly log: Logger;
};

/** The index in one file, from its opening until it is closed or turns out to be damaged. */
export type DatabaseGeneration = {
  readonly queries: AllQueries;
  readonly following: Readonly<Record<ProjectedStream, Following>>;
  readonly drop: DropExpired;
  readonly oldestKept: OldestKept;
  readonly usedBytes: () => number;
  /** Reports damage that a query has met. */
  readonly damaged: (error: unknown) => void;
  readonly stop: () => Promise<void>;
};

type Source = Pick<FollowOptions, "stream" | "filter" | "headersOnly" | "maxMessages">;

export const SOURCES: Readonly<Record<ProjectedStream, Source>> = {
  events: { stream: STREAMS.events, filter: ALL_EVENTS, headersOnly: true, maxMessages: 2_000 },
  attempts: {
    stream: STREAMS.attempts,
    filter: ATTEMPT_RECORDS,
    headersOnly: false,
    maxMessages: 1_000,
  },
  dead_letters: {
    stream: STREAMS.deadLetters,
    filter: ALL_DEAD_LETTERS,
    headersOnly: false,
    maxMessages: 100, // each may hold 90 KiB
  },
};

/** Opens the file (a new one where it belongs to other streams), and follows the streams from its positions on. */
export const openGeneration = async (options: GenerationOptions): Promise<DatabaseGeneration> => {
  const { nats, now, onStreamLost, log } = options;
  const states = await statesOf(options);
  const { db, positions } = fileOf(states, options);
  const stopping = new AbortController();
  const ids = idsIn(db);
  const transaction = transactionOn(db, ids);
  const serially = serialExecutor((error) => {
    const unwritable = unwritableFile(options.path, error);
    if (isDamaged(error)) options.onDamaged(error);
    else if (unwritable !== undefined) options.onUnwritable(unwritable);
  });
  const eventsOrigin = originIn(options.origins, SOURCES.events.stream);
  const apply = messageAppliers({
    db,
    ids,
    positions,
    transaction,
    serially,
    eventsOrigin,
    log,
  });
  const following = eachStream((stream) => {
    const appliedUpTo = positions.appliedUpTo(stream);
    const source = { ...SOURCES[stream], appliedUpTo, apply: apply[stream] };
    return followStream({ nats, ...source, onStreamLost, log });
  });
  const resolving = resolveUnsubscribed({
    nats,
    unresolved: unresolvedEvents(db, PAGE_EVENTS),
    serially,
    transaction,
    appliedUpTo: (stream) => following[stream].appliedUpTo(),
    isCaughtUp: () => PROJECTED_STREAMS.every((stream) => following[stream].isCaughtUp()),
    now,
    log,
    stopping: stopping.signal,
  });
  const usedBytes = usedBytesOf(db);
  return {
    queries: queriesOn(db, ids),
    following,
    drop: dropExpired(db, { serially, transaction }, stopping.signal),
    oldestKept: oldestKept(db, {
      maxBytes: options.maxBytes,
      usedBytes,
      appliedUpTo: (stream) => following[stream].appliedUpTo(),
      log,
    }),
    usedBytes,
    damaged: options.onDamaged,
    stop: async () => {
      stopping.abort();
      await Promise.all([resolving, ...Object.values(following).map((one) => one.stop())]);
      await serially(() => closeIndexFile(db)); // after all that is queued
    },
  };
};

const statesOf = async ({ nats, origins }: GenerationOptions): Promise<StreamStates> => {
  const states = await Promise.all(
    PROJECTED_STREAMS.map(async (stream) => {
      const name = SOURCES[stream].stream;
      const { state } = await nats.jsm.streams.info(name);
      return [
        stream,
        { createdMs: begunMs(originIn(origins, name)), lastSeq: state.last_seq },
      ] as const;
    }),
  );
  return Object.fromEntries(states) as Record<ProjectedStream, StreamState>;
};

const fileOf = (
  states: StreamStates,
  { path, log }: GenerationOptions,
): { readonly db: DatabaseSync; readonly positions: Positions } => {
  const onDiscarded = (reason: string): void => log.warn({ path, reason }, "projection.discarded");
  const db = openIndexFile(path, onDiscarded);
  try {
    const positions = positionsIn(db, states);
    if (positions !== undefined) return { db, positions };
    onDiscarded("of other streams");
  } catch (error) {
    closeIndexFile(db);
    if (!isDamaged(error)) throw error;
    onDiscarded("damaged");
  }
  closeIndexFile(db);
  removeIndexFile(path);
  const empty = openIndexFile(path, onDiscarded);
  const beginning = positionsIn(empty, states);
  if (beginning === undefined) throw new Error(`${path} was made and has positions already`);
  return { db: empty, positions: beginning };
};
