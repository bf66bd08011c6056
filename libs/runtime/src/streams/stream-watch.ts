import type { StreamInfo } from "@nats-io/jetstream";
import type { StreamName } from "@ringback/contracts/streams/subjects";
import { pause } from "../process/backoff.ts";
import { inBackground, type Background } from "../process/concurrency.ts";
import type { Logger } from "../telemetry/logger.ts";
import { isStreamNotFound } from "../nats/errors.ts";
import type { Nats } from "../nats/connection.ts";
import {
  begunMs,
  originOf,
  type StreamOrigin,
  type StreamOrigins,
} from "@ringback/contracts/streams/stream-origin";

const WATCH_EVERY_MS = 5_000;

export type StreamWatchOptions = {
  readonly nats: Nats;
  readonly origins: StreamOrigins;
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

/** Throws when this is not the stream of this origin, or is a restored one by now. */
export const refuseAnother = (name: StreamName, origin: StreamOrigin, info: StreamInfo): void => {
  if (begunMs(originOf(info)) === begunMs(origin)) return;
  throw new StreamLostError(`stream ${name} was deleted and made again: what it held is lost`);
};

/**
 * Checks the streams every few seconds. A stream that was deleted, or deleted and created again, is lost
 * history: it is reported once, and never replaced by an empty stream.
 */
export const watchStreams = (options: StreamWatchOptions): Background =>
  inBackground(async (stopping) => {
    while (!stopping.aborted) {
      for (const [name, origin] of options.origins) {
        const lost = await look(name, origin, options);
        if (lost !== undefined) return options.onStreamLost(lost);
      }
      await pause(WATCH_EVERY_MS, stopping);
    }
  });

const look = async (
  name: StreamName,
  origin: StreamOrigin,
  { nats, onInfo, log }: StreamWatchOptions,
): Promise<Error | undefined> => {
  if (!nats.isConnected()) return undefined;
  try {
    const info = await nats.jsm.streams.info(name);
    refuseAnother(name, origin, info);
    await onInfo(name, info);
  } catch (error) {
    if (error instanceof StreamLostError) return error;
    if (isStreamNotFound(error)) return streamLost(name, error);
    log.debug({ err: error, stream: name }, "streams.not_seen");
  }
  return undefined;
};
