import {
  STREAMS,
  DISPATCHER_CONSUMER,
  type StreamName,
} from "@ringback/contracts/streams/subjects";
import { isConsumerNotFound, isStreamNotFound } from "@ringback/runtime/nats/errors";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { readStream, type StoredStream, streamsOf } from "./archive.ts";
import { restoreStream } from "./restore-stream.ts";

export type RestoreDeps = { readonly nats: Nats; readonly log: Logger };

export type RestorePlan = {
  /** A backup's own. */
  readonly folder: string;
  /** Undefined: all that the backup has. */
  readonly streams: readonly StreamName[] | undefined;
  /** Streams that are there are deleted first. */
  readonly replace: boolean;
};

/**
 * Makes streams from a backup. Throws before it changes anything where dispatchers run, the backup lacks a stream or is damaged,
 * or a stream is there that may not be replaced.
 */
export const restore = async (
  deps: RestoreDeps,
  { folder, streams, replace }: RestorePlan,
): Promise<readonly StreamName[]> => {
  const kept = await streamsOf(folder);
  const wanted = streams ?? kept;
  const missing = wanted.filter((stream) => !kept.includes(stream));
  if (missing.length > 0) throw new Error(`RESTORE_STREAMS: ${folder} has no ${missing.join()}`);
  await refuseWhileRunning(deps.nats);
  const there = await Promise.all(wanted.map((stream) => isThere(deps.nats, stream)));
  const replaced = wanted.filter((_, n) => there[n]);
  if (replaced.length > 0 && !replace) {
    throw new Error(`RESTORE_REPLACE: is not true, and there are streams ${replaced.join()}`);
  }
  const stored: StoredStream[] = [];
  for (const stream of wanted) stored.push(await readStream(folder, stream));
  for (const one of stored) {
    const { stream } = one;
    if (replaced.includes(stream)) await deps.nats.jsm.streams.delete(stream);
    const { state, created } = await restoreStream(deps.nats, one);
    const { messages, last_seq: lastSeq } = state;
    deps.log.info({ stream, messages, last_seq: lastSeq, created }, "restore.restored");
  }
  return wanted;
};

const isThere = async ({ jsm }: Nats, stream: StreamName): Promise<boolean> => {
  try {
    await jsm.streams.info(stream);
    return true;
  } catch (error) {
    if (isStreamNotFound(error)) return false;
    throw error;
  }
};

/** A dispatcher would deliver from what is half restored: an autoscaler may have brought one back. */
const refuseWhileRunning = async ({ jsm }: Nats): Promise<void> => {
  for (const stream of [STREAMS.events, STREAMS.retries]) {
    try {
      const { num_waiting: waiting } = await jsm.consumers.info(stream, DISPATCHER_CONSUMER);
      if (waiting > 0)
        throw new Error(`dispatchers run: ${waiting} wait for ${stream}. Stop them first`);
    } catch (error) {
      if (!isStreamNotFound(error) && !isConsumerNotFound(error)) throw error;
    }
  }
};
