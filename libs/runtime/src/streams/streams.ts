import type { JetStreamManager, StreamInfo } from "@nats-io/jetstream";
import type { StreamName } from "@ringback/contracts/streams/subjects";
import { backoffMs, pause } from "../process/backoff.ts";
import { isForbidden, isStreamNameInUse, isStreamNotFound, isUnavailable } from "../nats/errors.ts";
import type { Logger } from "../telemetry/logger.ts";
import { lostStreams, rememberStreams } from "./remembered-streams.ts";
import { differences, type WantedStream } from "./stream-config.ts";
import {
  externallyManaged,
  listed,
  ExternallyManagedError,
  type StreamManagement,
} from "./stream-management.ts";
import { StreamLostError, type StreamCreation } from "./stream-watch.ts";

export type EnsureOptions = {
  readonly log: Logger;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  readonly management?: StreamManagement;
  /** Lost streams that the operator allows to recreate. */
  readonly recreate?: readonly StreamName[];
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
  { log, signal, management = "manage", recreate = [] }: EnsureOptions,
): Promise<StreamCreation> => {
  for (let n = 0; ; n += 1) {
    try {
      return management === "verify"
        ? await verifyAll(jsm, wanted)
        : await ensureAll(jsm, wanted, log, recreate);
    } catch (error) {
      const canWait = isUnavailable(error) || error instanceof ExternallyManagedError;
      if (!canWait || signal.aborted) throw error;
      log.warn({ err: error }, "streams.waiting");
      await pause(backoffMs(n), signal);
    }
  }
};

const ensureAll = async (
  jsm: JetStreamManager,
  wanted: readonly WantedStream[],
  log: Logger,
  recreate: readonly StreamName[],
): Promise<StreamCreation> => {
  const found = new Map<StreamName, StreamInfo | undefined>();
  for (const stream of wanted) found.set(stream.name, await infoOf(jsm, stream.name));
  // Streams note each other once all exist: a stream that another process created during the lookups exists by now.
  for (const name of lostStreams(found)) found.set(name, await infoOf(jsm, name));
  const isFirstStart = [...found.values()].every((info) => info === undefined);
  refuseLost(lostStreams(found), recreate);
  const all: StreamInfo[] = [];
  for (const stream of wanted) {
    const before = found.get(stream.name);
    if (before === undefined && !isFirstStart) {
      log.warn({ stream: stream.name }, "streams.made_though_others_exist");
    }
    const info =
      before === undefined ? await made(jsm, stream) : await updated(jsm, stream, before);
    refuseDifferences(stream, info);
    all.push(info);
  }
  await rememberStreams(jsm, all, log);
  return new Map(
    all.map(({ config, created }) => [config.name as StreamName, Date.parse(created)]),
  );
};

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
): Promise<StreamCreation> => {
  const problems: string[] = [];
  const created = new Map<StreamName, number>();
  for (const stream of wanted) {
    const info = await infoOf(jsm, stream.name);
    const found = info === undefined ? [] : differences(stream, info.config);
    if (info === undefined) problems.push(`stream ${stream.name} is missing`);
    else if (found.length > 0) problems.push(notAsNeeded(stream, info));
    else created.set(stream.name, Date.parse(info.created));
  }
  if (problems.length > 0) throw externallyManaged(problems);
  return created;
};

const infoOf = async (jsm: JetStreamManager, name: string): Promise<StreamInfo | undefined> => {
  try {
    return await jsm.streams.info(name);
  } catch (error) {
    if (isStreamNotFound(error)) return undefined;
    throw error;
  }
};

const made = async (jsm: JetStreamManager, wanted: WantedStream): Promise<StreamInfo> => {
  try {
    return await jsm.streams.add(wanted);
  } catch (error) {
    if (isForbidden(error)) {
      throw new ExternallyManagedError(
        `stream ${wanted.name} is missing, and this user of NATS may not make it`,
        { cause: error },
      );
    }
    if (isUnavailable(error)) throw error;
    // Another process created it meanwhile, and has noted all streams already.
    const info = isStreamNameInUse(error) ? await infoOf(jsm, wanted.name) : undefined;
    if (info !== undefined) return updated(jsm, wanted, info);
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`stream ${wanted.name} cannot be made: ${message}`, { cause: error });
  }
};

const updated = async (
  jsm: JetStreamManager,
  wanted: WantedStream,
  before: StreamInfo,
): Promise<StreamInfo> => {
  if (differences(wanted, before.config).length === 0) return before;
  try {
    return await jsm.streams.update(wanted.name, { ...before.config, ...wanted });
  } catch (error) {
    const difference = notAsNeeded(wanted, before);
    if (isForbidden(error)) {
      throw new ExternallyManagedError(`${difference}, and this user of NATS may not change it`, {
        cause: error,
      });
    }
    if (isUnavailable(error)) throw error;
    throw new Error(difference, { cause: error });
  }
};

const refuseDifferences = (wanted: WantedStream, info: StreamInfo): void => {
  if (differences(wanted, info.config).length === 0) return;
  throw new Error(`${notAsNeeded(wanted, info)}; is this nats-server too old?`);
};

const notAsNeeded = (wanted: WantedStream, info: StreamInfo): string =>
  `stream ${wanted.name} is not as needed: ${listed(differences(wanted, info.config))}`;
