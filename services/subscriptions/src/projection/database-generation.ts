import type { DatabaseSync } from "node:sqlite";
import { ATTEMPT_RECORDS, STREAMS, type StreamName } from "@ringback/contracts/streams/subjects";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { StreamCreation } from "@ringback/runtime/streams/streams";
import { answersFrom, type Answers } from "./query/queries.ts";
import { appliers, type Appliers } from "./apply/apply-messages.ts";
import { dropExpired, type DropExpired } from "./apply/drop-expired.ts";
import { followStream, type FollowOptions, type Following } from "./apply/follow-stream.ts";
import { idsIn } from "./file/ids.ts";
import {
  closeIndexFile,
  isDamaged,
  openIndexFile,
  removeIndexFile,
  unwritableFile,
} from "./file/index-file.ts";
import {
  PROJECTED_STREAMS,
  positionsIn,
  type Positions,
  type StreamState,
  type StreamStates,
} from "./file/positions.ts";
import type { AppliedAttempt, AppliedEvent, ProjectedStream } from "./projection.ts";
import { AT_ONCE, settleEvents } from "./apply/resolve-unsubscribed.ts";
import { transactionOn } from "./file/transaction.ts";
import { turns } from "./file/serial-executor.ts";
import { undecidedEvents } from "./apply/unresolved-events.ts";

export type GenerationOptions = {
  readonly nats: Nats;
  readonly created: StreamCreation;
  readonly path: string;
  readonly now: () => number;
  readonly onStreamLost: (error: unknown) => void;
  /** Told of what is applied once its stream is caught up. */
  readonly onAttempt: (applied: AppliedAttempt) => void;
  readonly onEvent: (applied: AppliedEvent) => void;
  /** The file cannot be used any more. */
  readonly onDamaged: (error: unknown) => void;
  /** It cannot be written where it is, and so not be made anew either. */
  readonly onUnwritable: (error: Error) => void;
  readonly log: Logger;
};

/** The index in one file, from its opening until it is closed or turns out to be damaged. */
export type Generation = {
  readonly answers: Answers;
  readonly following: Readonly<Record<ProjectedStream, Following>>;
  readonly drop: DropExpired;
  /** To be told of damage that a question has met. */
  readonly damaged: (error: unknown) => void;
  readonly stop: () => Promise<void>;
};

export const STREAM_OF: Readonly<Record<ProjectedStream, StreamName>> = {
  events: STREAMS.events,
  attempts: STREAMS.attempts,
  dead_letters: STREAMS.deadLetters,
};

const ALL_SUBJECTS: Readonly<Record<ProjectedStream, string>> = {
  events: "events.>",
  attempts: ATTEMPT_RECORDS,
  dead_letters: "dead_letters.>",
};

/** At a time on their way; dead letters may hold 90 KiB each. */
const MAX_MESSAGES: Readonly<Record<ProjectedStream, number>> = {
  events: 2_000,
  attempts: 1_000,
  dead_letters: 100,
};

/** Opens the file, made anew where it is not of these streams, and follows them from where it ends. */
export const openGeneration = async (options: GenerationOptions): Promise<Generation> => {
  const { nats, now, log } = options;
  const states = await statesOf(options);
  const { db, positions } = fileOf(states, options);
  const stopping = new AbortController();
  const ids = idsIn(db);
  const transaction = transactionOn(db, ids);
  const inTurn = turns((error) => {
    const unwritable = unwritableFile(options.path, error);
    if (isDamaged(error)) options.onDamaged(error);
    else if (unwritable !== undefined) options.onUnwritable(unwritable);
  });
  const eventsCreatedMs = states.events.createdMs;
  const apply = appliers({ db, ids, positions, transaction, inTurn, eventsCreatedMs, log });
  const following = followAll(apply, positions, options);
  const settling = settleEvents({
    nats,
    undecided: undecidedEvents(db, AT_ONCE),
    inTurn,
    transaction,
    appliedUpTo: (stream) => following[stream].appliedUpTo(),
    isCaughtUp: () => PROJECTED_STREAMS.every((stream) => following[stream].isCaughtUp()),
    now,
    log,
  });
  return {
    answers: answersFrom(db, ids),
    following,
    drop: dropExpired(db, inTurn, stopping.signal),
    damaged: options.onDamaged,
    stop: async () => {
      stopping.abort();
      await Promise.all([settling.stop(), ...Object.values(following).map((one) => one.stop())]);
      await inTurn(() => closeIndexFile(db)); // behind whatever had its turn to come
    },
  };
};

const statesOf = async ({ nats, created }: GenerationOptions): Promise<StreamStates> => {
  const states = await Promise.all(
    PROJECTED_STREAMS.map(async (stream) => {
      const name = STREAM_OF[stream];
      const { state } = await nats.jsm.streams.info(name);
      return [stream, { createdMs: created.get(name) ?? 0, lastSeq: state.last_seq }] as const;
    }),
  );
  return Object.fromEntries(states) as Record<ProjectedStream, StreamState>;
};

const fileOf = (
  states: StreamStates,
  { path, log }: GenerationOptions,
): { readonly db: DatabaseSync; readonly positions: Positions } => {
  const onDiscarded = (reason: string): void => log.warn({ path, reason }, "projection.discarded");
  const db = openIndexFile({ path, onDiscarded });
  const positions = positionsIn(db, states);
  if (positions !== undefined) return { db, positions };
  onDiscarded("of other streams");
  closeIndexFile(db);
  removeIndexFile(path);
  const empty = openIndexFile({ path, onDiscarded });
  const beginning = positionsIn(empty, states);
  if (beginning === undefined) throw new Error(`${path} was made and has positions already`);
  return { db: empty, positions: beginning };
};

const followAll = (
  apply: Appliers,
  positions: Positions,
  { nats, onStreamLost, onAttempt, onEvent, log }: GenerationOptions,
): Generation["following"] => {
  const follow = (stream: ProjectedStream, applyAll: FollowOptions["apply"]): Following =>
    followStream({
      nats,
      stream: STREAM_OF[stream],
      filter: ALL_SUBJECTS[stream],
      appliedUpTo: positions.appliedUpTo(stream),
      headersOnly: stream === "events",
      maxMessages: MAX_MESSAGES[stream],
      apply: applyAll,
      onStreamLost,
      log,
    });
  // What is read again from before this process began is no news.
  const events = follow("events", (messages, reached) =>
    apply.events(messages, reached, (one) => events.isCaughtUp() && onEvent(one)),
  );
  const attempts = follow("attempts", (messages, reached) =>
    apply.attempts(messages, reached, (one) => attempts.isCaughtUp() && onAttempt(one)),
  );
  const dead_letters = follow("dead_letters", (messages, reached) =>
    apply.dead_letters(messages, reached, () => undefined),
  );
  return { events, attempts, dead_letters };
};
