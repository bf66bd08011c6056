import type { StreamInfo } from "@nats-io/jetstream";
import type { StreamName } from "@ringback/contracts/streams/subjects";
import { backoffMs, pause } from "@ringback/runtime/process/backoff";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { StreamCreation } from "@ringback/runtime/streams/streams";
import { isUnavailable, UnavailableError } from "../streams/ask.ts";
import type { Answers } from "./query/queries.ts";
import { listeners } from "./listeners.ts";
import { openFolder } from "./file/folder.ts";
import {
  openGeneration,
  STREAM_OF,
  type Generation,
  type GenerationOptions,
} from "./database-generation.ts";
import { isDamaged, removeIndexFile, unwritableFile } from "./file/index-file.ts";
import { PROJECTED_STREAMS } from "./file/positions.ts";
import type {
  AppliedAttempt,
  AppliedEvent,
  ProjectedStream,
  Projection,
  ProjectionLag,
} from "./projection.ts";

export type ProjectionOptions = {
  readonly nats: Nats;
  readonly created: StreamCreation;
  /** `PROJECTION_DIR`; undefined: a temporary folder. */
  readonly folder: string | undefined;
  /** How long ATTEMPTS keeps what it holds. */
  readonly attemptsMaxAgeMs: number;
  readonly now: () => number;
  readonly onStreamLost: (error: unknown) => void;
  /** The index cannot be kept at all: the process is to end. */
  readonly onFatal: (error: unknown) => void;
  readonly log: Logger;
};

export type OpenProjection = Projection & {
  /** To be told the state of every stream every few seconds. */
  readonly compare: (stream: StreamName, info: Pick<StreamInfo, "state">) => void;
  readonly stop: () => Promise<void>;
};

/** How often the counts of long ago are dropped. */
const DROP_COUNTS_EVERY_MS = 3_600_000;

/**
 * Opens the index and keeps it up to date until it is stopped; where its file turns out to be damaged
 * it is thrown away and built anew. Throws where no file can be made.
 */
export const openProjection = async (options: ProjectionOptions): Promise<OpenProjection> => {
  const folder = openFolder(options.folder);
  const stopping = new AbortController();
  const attempts = listeners<AppliedAttempt>();
  const events = listeners<AppliedEvent>();
  const path = folder.file;
  const told = { onAttempt: attempts.tell, onEvent: events.tell };
  const index = replaceable({ ...options, ...told, path }, stopping.signal);
  try {
    await index.open();
  } catch (error) {
    folder.leave();
    throw unwritableFile(path, error) ?? error;
  }
  const { current } = index;
  const dropping = dropCounts(current, options, stopping.signal);
  return {
    ...projectionOf(current),
    onAttempt: attempts.add,
    onEvent: events.add,
    compare: (name, { state }) => {
      for (const stream of PROJECTED_STREAMS) {
        if (STREAM_OF[stream] !== name) continue;
        current()?.following[stream].compare(state);
        // What goes wrong with the file has been reported by then.
        void current()
          ?.drop.rows(stream, state.first_seq)
          .catch(() => undefined);
      }
    },
    stop: async () => {
      stopping.abort();
      await index.replaced();
      await dropping;
      await current()?.stop();
      folder.leave();
    },
  };
};

type ReplaceableOptions = Omit<GenerationOptions, "onDamaged" | "onUnwritable"> &
  Pick<ProjectionOptions, "onFatal">;

/** The index in use, another one in its place where it turns out to be damaged. */
const replaceable = (options: ReplaceableOptions, stopping: AbortSignal) => {
  const { path, log, onFatal } = options;
  let current: Generation | undefined;
  let replacing: Promise<void> = Promise.resolve();
  const open = (): Promise<Generation> => {
    let isReported = false;
    const onDamaged = (error: unknown): void => {
      if (isReported || stopping.aborted) return;
      isReported = true;
      log.error({ err: error, path }, "projection.damaged");
      replacing = replace(replacing);
    };
    return openGeneration({ ...options, onDamaged, onUnwritable: onFatal });
  };
  const replace = async (earlier: Promise<void>): Promise<void> => {
    await earlier;
    const damaged = current;
    current = undefined;
    try {
      await damaged?.stop().catch(() => undefined); // it is thrown away, however it ends
      removeIndexFile(path);
      current = await untilAvailable(open, stopping, log);
    } catch (error) {
      onFatal(error);
    }
  };
  return {
    open: async (): Promise<void> => {
      current = await open();
    },
    current: () => current,
    replaced: () => replacing,
  };
};

/** The server may be away at that moment: the rebuild waits for it. */
const untilAvailable = async (
  open: () => Promise<Generation>,
  stopping: AbortSignal,
  log: Logger,
): Promise<Generation | undefined> => {
  for (let n = 0; !stopping.aborted; n += 1) {
    try {
      return await open();
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      log.warn({ err: error }, "projection.waiting");
      await pause(backoffMs(n), stopping);
    }
  }
  return undefined;
};

const dropCounts = async (
  current: () => Generation | undefined,
  { attemptsMaxAgeMs, now }: ProjectionOptions,
  stopping: AbortSignal,
): Promise<void> => {
  while (!stopping.aborted) {
    await current()
      ?.drop.counts(now() - attemptsMaxAgeMs)
      .catch(() => undefined); // reported, if it is the file; again in an hour
    await pause(DROP_COUNTS_EVERY_MS, stopping);
  }
};

type Asked = Omit<Projection, "onAttempt" | "onEvent">;

/** The projection as it is at each question: there is none for a moment while it is replaced. */
const projectionOf = (current: () => Generation | undefined): Asked => {
  const there = (): Generation => {
    const generation = current();
    if (generation === undefined) throw new UnavailableError("the projection is being made anew");
    return generation;
  };
  const lagOf = (stream: ProjectedStream): number => current()?.following[stream].lag() ?? 0;
  return {
    ...answersOf(there),
    caughtUp: async () => {
      await Promise.all(Object.values(there().following).map((one) => one.caughtUp));
    },
    isCaughtUp: () =>
      Object.values(current()?.following ?? {}).every((one) => one.isCaughtUp()) &&
      current() !== undefined,
    appliedUpTo: (stream) => current()?.following[stream].appliedUpTo() ?? 0,
    lag: (): ProjectionLag => {
      const lags = PROJECTED_STREAMS.map((stream) => [stream, lagOf(stream)] as const);
      const total = lags.reduce((sum, [, lag]) => sum + lag, 0);
      return { ...(Object.fromEntries(lags) as Record<ProjectedStream, number>), total };
    },
  };
};

/** Where a question meets damage, it is as if the projection were being made anew, which it then is. */
const answersOf = (there: () => Generation): Answers => {
  const ask =
    <Q extends readonly unknown[], A>(
      question: (answers: Answers) => (...query: Q) => Promise<A>,
    ) =>
    async (...query: Q): Promise<A> => {
      const generation = there();
      try {
        return await question(generation.answers)(...query);
      } catch (error) {
        if (!isDamaged(error)) throw error;
        generation.damaged(error);
        throw new UnavailableError("the projection is damaged and made anew", { cause: error });
      }
    };
  return {
    events: ask((answers) => answers.events),
    attempts: ask((answers) => answers.attempts),
    deadLetters: ask((answers) => answers.deadLetters),
    deadLettersOf: ask((answers) => answers.deadLettersOf),
    stats: ask((answers) => answers.stats),
    selectForRedelivery: ask((answers) => answers.selectForRedelivery),
    countMalformed: ask((answers) => answers.countMalformed),
    redeliveryProgress: ask((answers) => answers.redeliveryProgress),
  };
};
