import type { JetStreamManager, StreamInfo } from "@nats-io/jetstream";
import type { StreamName } from "@ringback/contracts/subjects";
import { backoffMs, pause } from "./backoff.ts";
import { isForbidden, isStreamNotFound, isUnavailable } from "./nats-errors.ts";
import type { Logger } from "./logger.ts";
import { differences, type WantedStream } from "./stream-config.ts";

/** When each stream was made, in ms since 1970: tells a stream from another of the same name. */
export type StreamCreation = ReadonlyMap<StreamName, number>;

/**
 * Makes the streams that are missing, brings the others up to date and compares what the server
 * then says with what was asked for: older servers take options that they do not know and ignore
 * them. Waits while JetStream has no leader, and for somebody else to make or change a stream where
 * this user may not; throws when a stream cannot be what it has to be.
 */
export const ensureStreams = async (
  jsm: JetStreamManager,
  wanted: readonly WantedStream[],
  log: Logger,
  signal: AbortSignal,
): Promise<StreamCreation> => {
  for (let n = 0; ; n += 1) {
    try {
      return await ensureAll(jsm, wanted, log);
    } catch (error) {
      const canWait = isUnavailable(error) || error instanceof NotOursToChangeError;
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
): Promise<StreamCreation> => {
  const found = new Map<StreamName, StreamInfo | undefined>();
  for (const stream of wanted) found.set(stream.name, await infoOf(jsm, stream.name));
  const isFirstStart = [...found.values()].every((info) => info === undefined);
  const created = new Map<StreamName, number>();
  for (const stream of wanted) {
    const before = found.get(stream.name);
    if (before === undefined && !isFirstStart) {
      log.warn({ stream: stream.name }, "streams.made_though_others_exist");
    }
    const info =
      before === undefined ? await made(jsm, stream) : await updated(jsm, stream, before);
    refuseDifferences(stream, info);
    created.set(stream.name, Date.parse(info.created));
  }
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

/** A stream is not as needed, and NATS lets another user change that. */
class NotOursToChangeError extends Error {
  override readonly name = "NotOursToChangeError";
}

const made = async (jsm: JetStreamManager, wanted: WantedStream): Promise<StreamInfo> => {
  try {
    return await jsm.streams.add(wanted);
  } catch (error) {
    if (isForbidden(error)) {
      throw new NotOursToChangeError(
        `stream ${wanted.name} is missing, and this user of NATS may not make it`,
        { cause: error },
      );
    }
    if (isUnavailable(error)) throw error;
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
    const difference = `stream ${wanted.name} is not as needed: ${listed(wanted, before)}`;
    if (isForbidden(error)) {
      throw new NotOursToChangeError(`${difference}, and this user of NATS may not change it`, {
        cause: error,
      });
    }
    if (isUnavailable(error)) throw error;
    throw new Error(difference, { cause: error });
  }
};

const refuseDifferences = (wanted: WantedStream, info: StreamInfo): void => {
  if (differences(wanted, info.config).length === 0) return;
  throw new Error(
    `stream ${wanted.name} is not as needed: ${listed(wanted, info)}; is this nats-server too old?`,
  );
};

const listed = (wanted: WantedStream, info: StreamInfo): string =>
  differences(wanted, info.config)
    .map((d) => `${d.option} is ${JSON.stringify(d.actual)}, needed ${JSON.stringify(d.wanted)}`)
    .join(", ");
