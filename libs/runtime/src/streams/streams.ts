import type { JetStreamManager, StreamInfo } from "@nats-io/jetstream";
import { STREAMS, type StreamName } from "@ringback/contracts/streams/subjects";
import { backoffMs, pause } from "../process/backoff.ts";
import { isForbidden, isStreamNameInUse, isStreamNotFound, isUnavailable } from "../nats/errors.ts";
import { logRepeated } from "../telemetry/repeated.ts";
import type { Logger } from "../telemetry/logger.ts";
import { digestOf, isAsBefore, noteStart } from "./last-start.ts";
import { lostStreams, rememberStreams } from "./remembered-streams.ts";
import { changeOf, type KeptOption } from "./replaced-options.ts";
import { differences, type WantedStream } from "./stream-config.ts";
import {
  externallyManaged,
  listed,
  ExternallyManagedError,
  type StreamManagement,
} from "./stream-management.ts";
import {
  originOf,
  type StreamOrigin,
  type StreamOrigins,
} from "@ringback/contracts/streams/stream-origin";
import { StreamLostError } from "./stream-watch.ts";

export type EnsureOptions = {
  readonly log: Logger;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  readonly management?: StreamManagement;
  /** Lost streams that the operator allows to recreate. */
  readonly recreate?: readonly StreamName[];
  /**
   * Whether this process sets a value that another one has replaced. A name: where its settings are not those that this
   * process had at its last start, which it notes. `yields`: never. Otherwise: always.
   */
  readonly precedence?: "always" | "yields" | { readonly process: string };
};

/**
 * Creates missing streams, updates the others, and compares what the server then reports with what was
 * requested: older servers ignore options that they do not know. Waits while JetStream has no leader, and
 * for the operator where this user lacks the permission. With `verify` it changes nothing, and waits until all
 * streams are as needed. Throws when a stream cannot be as needed, or when one is missing that existed
 * before: an empty one instead would hide the loss.
 */
export const ensureStreams = async (
  jsm: JetStreamManager,
  wanted: readonly WantedStream[],
  options: EnsureOptions,
): Promise<StreamOrigins> => {
  const { log, signal, management = "manage" } = options;
  for (let n = 0; ; n += 1) {
    try {
      return management === "verify"
        ? await verifyAll(jsm, wanted)
        : await ensureAll(jsm, wanted, options);
    } catch (error) {
      const canWait = isUnavailable(error) || error instanceof ExternallyManagedError;
      if (!canWait || signal.aborted) throw error;
      logRepeated(log, { err: error }, "streams.waiting");
      await pause(backoffMs(n), signal);
    }
  }
};

const ensureAll = async (
  jsm: JetStreamManager,
  wanted: readonly WantedStream[],
  { log, recreate = [], precedence = "always" }: EnsureOptions,
): Promise<StreamOrigins> => {
  const found = new Map<StreamName, StreamInfo | undefined>();
  for (const stream of wanted) found.set(stream.name, await infoOf(jsm, stream.name));
  // Streams note each other once all exist: a stream that another process created during the lookups exists by now.
  for (const name of lostStreams(found)) found.set(name, await infoOf(jsm, name));
  const isFirstStart = [...found.values()].every((info) => info === undefined);
  refuseLost(lostStreams(found), recreate);
  const digest = digestOf(wanted);
  const isNoted =
    typeof precedence === "object" && isAsBefore(found.get(NOTES_ON), precedence.process, digest);
  const hasNewSettings = precedence !== "yields" && !isNoted;
  const all: StreamInfo[] = [];
  for (const stream of wanted) {
    const before = found.get(stream.name);
    if (before === undefined && !isFirstStart) {
      log.warn({ stream: stream.name }, "streams.made_though_others_exist");
    }
    const { info, kept } =
      before === undefined
        ? await made(jsm, stream)
        : await updated(jsm, stream, before, hasNewSettings);
    for (const one of kept) log.warn({ stream: stream.name, ...one }, "streams.newer_option_kept");
    all.push(info);
  }
  await rememberStreams(jsm, all, log);
  if (typeof precedence === "object" && !isNoted) {
    await noteStart(jsm, NOTES_ON, [precedence.process, digest]);
  }
  return new Map(all.map((info) => [info.config.name as StreamName, originOf(info)]));
};

/** The stream whose metadata has what processes wanted. */
const NOTES_ON = STREAMS.subscriptions;

const refuseLost = (lost: readonly StreamName[], recreate: readonly StreamName[]): void => {
  const refused = lost.filter((name) => !recreate.includes(name));
  if (refused.length === 0) return;
  throw new StreamLostError(
    `${refused.map((name) => `stream ${name} was deleted`).join(", ")}: what it held is lost. Restore it, or ` +
      `start both services once with MAKE_LOST_STREAMS=${refused.join(",")} to begin with an empty one`,
  );
};

/** Reports all differences at once, for the operator. */
const verifyAll = async (
  jsm: JetStreamManager,
  wanted: readonly WantedStream[],
): Promise<StreamOrigins> => {
  const problems: string[] = [];
  const origins = new Map<StreamName, StreamOrigin>();
  for (const stream of wanted) {
    const info = await infoOf(jsm, stream.name);
    const found = info === undefined ? [] : differences(stream, info.config);
    if (info === undefined) problems.push(`stream ${stream.name} is missing`);
    else if (found.length > 0) problems.push(notAsNeeded(stream, info));
    else origins.set(stream.name, originOf(info));
  }
  if (problems.length > 0) throw externallyManaged(problems);
  return origins;
};

const infoOf = async (jsm: JetStreamManager, name: string): Promise<StreamInfo | undefined> => {
  try {
    return await jsm.streams.info(name);
  } catch (error) {
    if (isStreamNotFound(error)) return undefined;
    throw error;
  }
};

type Changed = { readonly info: StreamInfo; readonly kept: readonly KeptOption[] };

const made = async (jsm: JetStreamManager, wanted: WantedStream): Promise<Changed> => {
  try {
    return { info: asNeeded(wanted, await jsm.streams.add(wanted)), kept: [] };
  } catch (error) {
    if (isForbidden(error)) {
      throw new ExternallyManagedError(
        `stream ${wanted.name} is missing, and this user of NATS may not make it`,
        { cause: error },
      );
    }
    if (isUnavailable(error) || error instanceof UnknownOptionError) throw error;
    // Another process created it meanwhile, and has noted all streams already.
    const info = isStreamNameInUse(error) ? await infoOf(jsm, wanted.name) : undefined;
    if (info !== undefined) return updated(jsm, wanted, info, true);
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`stream ${wanted.name} cannot be made: ${message}`, { cause: error });
  }
};

const updated = async (
  jsm: JetStreamManager,
  wanted: WantedStream,
  before: StreamInfo,
  hasNewSettings: boolean,
): Promise<Changed> => {
  const { target, metadata, kept } = changeOf(wanted, before, hasNewSettings);
  if (differences(target, before.config).length === 0) return { info: before, kept };
  try {
    const config = { ...before.config, ...target, metadata };
    return { info: asNeeded(target, await jsm.streams.update(wanted.name, config)), kept };
  } catch (error) {
    const difference = notAsNeeded(target, before);
    if (isForbidden(error)) {
      throw new ExternallyManagedError(`${difference}, and this user of NATS may not change it`, {
        cause: error,
      });
    }
    if (isUnavailable(error) || error instanceof UnknownOptionError) throw error;
    throw new Error(difference, { cause: error });
  }
};

/** The server took the request, and ignored an option: an older one does not know it. */
class UnknownOptionError extends Error {
  override readonly name = "UnknownOptionError";
}

const asNeeded = (target: WantedStream, info: StreamInfo): StreamInfo => {
  if (differences(target, info.config).length === 0) return info;
  throw new UnknownOptionError(`${notAsNeeded(target, info)}; is this nats-server too old?`);
};

const notAsNeeded = (wanted: WantedStream, info: StreamInfo): string =>
  `stream ${wanted.name} is not as needed: ${listed(differences(wanted, info.config))}`;
