import type { StreamInfo } from "@nats-io/jetstream";
import type { StreamName } from "@ringback/contracts/streams/subjects";
import { pause } from "../process/backoff.ts";
import { inBackground, type Background } from "../process/concurrency.ts";
import type { Logger } from "../telemetry/logger.ts";
import { isStreamNotFound } from "../nats/errors.ts";
import type { Nats } from "../nats/connection.ts";

const WATCH_EVERY_MS = 5_000;

/** When each stream was created, in ms since 1970: tells a stream from another of the same name. */
export type StreamCreation = ReadonlyMap<StreamName, number>;

/** Metadata of a stream that was restored: when it was created, which a cluster does not keep. */
const CREATED = "ringback-created";

/** When a stream was created, in ms since 1970; the same before and after it was restored from a backup. */
export const createdMsOf = ({ created, config }: StreamInfo): number =>
  Date.parse(config.metadata?.[CREATED] ?? created);

/** A stream's metadata with the time of its creation, for a restore: ids of events are made of it. */
export const metadataWithCreation = ({ created, config }: StreamInfo): Record<string, string> => ({
  [CREATED]: created,
  ...config.metadata,
});

export type StreamWatchOptions = {
  readonly nats: Nats;
  readonly created: StreamCreation;
  /** Called with each stream's state every few seconds. */
  readonly onInfo: (name: StreamName, info: StreamInfo) => void | Promise<void>;
  readonly onStreamLost: (error: Error) => void;
  readonly log: Logger;
};

/** Ends the process: a stream was deleted. */
export class StreamLostError extends Error {
  override readonly name = "StreamLostError";
}

export const streamLost = (name: StreamName, cause?: unknown): StreamLostError =>
  new StreamLostError(`stream ${name} was deleted: what it held is lost`, { cause });

/** Throws when this is not the stream that was created at `createdMs`. */
export const refuseAnother = (name: StreamName, createdMs: number, info: StreamInfo): void => {
  if (createdMsOf(info) === createdMs) return;
  throw new StreamLostError(`stream ${name} was deleted and made again: what it held is lost`);
};

/**
 * Checks the streams every few seconds. A stream that was deleted, or deleted and created again, is lost
 * history: it is reported once, and never replaced by an empty stream.
 */
export const watchStreams = (options: StreamWatchOptions): Background =>
  inBackground(async (stopping) => {
    while (!stopping.aborted) {
      for (const [name, createdMs] of options.created) {
        const lost = await look(name, createdMs, options);
        if (lost !== undefined) return options.onStreamLost(lost);
      }
      await pause(WATCH_EVERY_MS, stopping);
    }
  });

const look = async (
  name: StreamName,
  createdMs: number,
  { nats, onInfo, log }: StreamWatchOptions,
): Promise<Error | undefined> => {
  if (!nats.isConnected()) return undefined;
  try {
    const info = await nats.jsm.streams.info(name);
    refuseAnother(name, createdMs, info);
    await onInfo(name, info);
  } catch (error) {
    if (error instanceof StreamLostError) return error;
    if (isStreamNotFound(error)) return streamLost(name, error);
    log.debug({ err: error, stream: name }, "streams.not_seen");
  }
  return undefined;
};
