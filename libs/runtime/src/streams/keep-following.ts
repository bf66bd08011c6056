import type { StreamName } from "@ringback/contracts/streams/subjects";
import { isStreamNotFound } from "../nats/errors.ts";
import { backoffMs, pause } from "../process/backoff.ts";
import { logRepeated } from "../telemetry/repeated.ts";
import type { Logger } from "../telemetry/logger.ts";
import { streamLost } from "./stream-watch.ts";

export type KeepFollowing = {
  readonly stream: StreamName;
  /** Reads the stream until it ends or fails. */
  readonly follow: () => Promise<void>;
  /** Ends what a reading has left open. */
  readonly stopReading: () => void;
  readonly onStreamLost: (error: unknown) => void;
  readonly log: Logger;
  /** The log event of a reading that failed and is tried again. */
  readonly retryEvent: string;
};

/** Follows a stream again and again, later each time, until it is stopped or the stream is gone. */
export const keepFollowing = async (
  { stream, follow, stopReading, onStreamLost, log, retryEvent }: KeepFollowing,
  stopping: AbortSignal,
): Promise<void> => {
  for (let failures = 0; !stopping.aborted; failures += 1) {
    try {
      await follow();
      failures = 0;
    } catch (error) {
      if (stopping.aborted) return;
      if (isStreamNotFound(error)) return onStreamLost(streamLost(stream, error));
      logRepeated(log, { err: error, stream }, retryEvent);
    } finally {
      stopReading();
    }
    await pause(backoffMs(failures), stopping);
  }
};
