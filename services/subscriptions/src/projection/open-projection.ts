import { begunMs, originIn } from "@ringback/contracts/streams/stream-origin";
import type { StreamInfo } from "@nats-io/jetstream";
import type { StreamName } from "@ringback/contracts/streams/subjects";
import { backoffMs, pause } from "@ringback/runtime/process/backoff";
import { logRepeated } from "@ringback/runtime/telemetry/repeated";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { isUnavailable, UnavailableError } from "../streams/ask.ts";
import { openFolder } from "./file/folder.ts";
import {
  openGeneration,
  SOURCES,
  type DatabaseGeneration,
  type GenerationOptions,
} from "./database-generation.ts";
import { isDamaged, removeIndexFile, unwritableFile } from "./file/index-file.ts";
import { eachStream, PROJECTED_STREAMS } from "./file/positions.ts";
import type { AllQueries, Figures } from "./figures.ts";
import type { Projection } from "./projection.ts";

export type ProjectionOptions = Omit<GenerationOptions, "path" | "onDamaged" | "onUnwritable"> & {
  /** `PROJECTION_DIR`; undefined: a temporary folder. */
  readonly folder: string | undefined;
  /** How long ATTEMPTS keeps what it holds. */
  readonly attemptsMaxAgeMs: number;
  /** The index cannot be kept at all: the process has to end. */
  readonly onFatal: (error: unknown) => void;
};

export type OpenProjection = Projection &
  Figures & {
    /** Call every few seconds with the state of every stream. */
    readonly compare: (stream: StreamName, info: Pick<StreamInfo, "state">) => void;
    /** How much of its file is in use; undefined while it is replaced. */
    readonly usedBytes: () => number | undefined;
    readonly stop: () => Promise<void>;
  };

const DROP_COUNTS_EVERY_MS = 3_600_000;
/** An overview shows the last seven days. */
const RECENT_MS = 8 * 24 * 3_600_000;

/**
 * Opens the index and keeps it up to date until it is stopped; a file that turns out to be damaged is thrown away
 * and built again. Throws where no file can be made.
 */
export const openProjection = async (options: ProjectionOptions): Promise<OpenProjection> => {
  const folder = openFolder(options.folder);
  const stopping = new AbortController();
  const path = folder.file;
  const index = replaceable({ ...options, path }, stopping.signal);
  try {
    await index.open();
  } catch (error) {
    folder.leave();
    throw unwritableFile(path, error) ?? error;
  }
  const { current } = index;
  const dropping = dropCounts(current, options, stopping.signal);
  return {
    ...projectionOf(current, options),
    compare: (name, { state }) => {
      for (const stream of PROJECTED_STREAMS) {
        if (SOURCES[stream].stream !== name) continue;
        const generation = current();
        generation?.following[stream].compare(state);
        void generation?.drop
          .rows(stream, generation.oldestKept(stream, state.first_seq))
          .catch(() => undefined); // the serial executor reports errors of the file
      }
    },
    usedBytes: () => current()?.usedBytes(),
    stop: async () => {
      stopping.abort();
      await index.replaced();
      await dropping;
      await current()?.stop();
      folder.leave();
    },
  };
};

/** The current generation of the index, replaced when it turns out to be damaged. */
const replaceable = (
  options: ProjectionOptions & Pick<GenerationOptions, "path">,
  stopping: AbortSignal,
) => {
  const { path, log, onFatal } = options;
  let current: DatabaseGeneration | undefined;
  let replacing: Promise<void> = Promise.resolve();
  const open = (): Promise<DatabaseGeneration> => {
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
      await damaged?.stop().catch(() => undefined); // it is thrown away in any case
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

/** NATS may be away at that moment: the rebuild waits for it. */
const untilAvailable = async (
  open: () => Promise<DatabaseGeneration>,
  stopping: AbortSignal,
  log: Logger,
): Promise<DatabaseGeneration | undefined> => {
  for (let n = 0; !stopping.aborted; n += 1) {
    try {
      return await open();
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      logRepeated(log, { err: error }, "projection.waiting");
      await pause(backoffMs(n), stopping);
    }
  }
  return undefined;
};

const dropCounts = async (
  current: () => DatabaseGeneration | undefined,
  { attemptsMaxAgeMs, now }: ProjectionOptions,
  stopping: AbortSignal,
): Promise<void> => {
  while (!stopping.aborted) {
    await current()
      ?.drop.counts(now() - attemptsMaxAgeMs, now() - RECENT_MS)
      .catch(() => undefined); // the serial executor reports errors of the file
    await pause(DROP_COUNTS_EVERY_MS, stopping);
  }
};

/** The projection over the current generation: there is none for a moment while it is replaced. */
const projectionOf = (
  current: () => DatabaseGeneration | undefined,
  { origins, attemptsMaxAgeMs }: ProjectionOptions,
): Projection & Figures => {
  const existing = (): DatabaseGeneration => {
    const generation = current();
    if (generation === undefined) throw new UnavailableError("the projection is being rebuilt");
    return generation;
  };
  return {
    ...guardedQueries(existing),
    appliedUpTo: (stream) => current()?.following[stream].appliedUpTo() ?? 0,
    lag: () => {
      const lags = eachStream((stream) => current()?.following[stream].lag() ?? 0);
      return { ...lags, total: lags.events + lags.attempts + lags.dead_letters };
    },
    attemptsKnownSinceMs: (nowMs) =>
      Math.max(begunMs(originIn(origins, SOURCES.attempts.stream)), nowMs - attemptsMaxAgeMs),
  };
};

/** The queries of the current generation. A query that meets damage starts a rebuild, and is refused. */
const guardedQueries = (existing: () => DatabaseGeneration): AllQueries => {
  const guarded =
    (name: keyof AllQueries) =>
    async (...query: never[]): Promise<unknown> => {
      const generation = existing();
      try {
        return await (generation.queries[name] as (...query: never[]) => Promise<unknown>)(
          ...query,
        );
      } catch (error) {
        if (!isDamaged(error)) throw error;
        generation.damaged(error);
        throw new UnavailableError("the projection is damaged and rebuilt", { cause: error });
      }
    };
  const names = Object.keys(existing().queries) as (keyof AllQueries)[];
  return Object.fromEntries(names.map((name) => [name, guarded(name)])) as unknown as AllQueries;
};
