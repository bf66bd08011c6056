import { basename } from "node:path";
import type { StreamName } from "@ringback/contracts/streams/subjects";
import { isStreamNotFound } from "@ringback/runtime/nats/errors";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { readStream, type StoredStream, streamsIn } from "./archive.ts";
import { restoreStream } from "./restore-stream.ts";
import { type DispatcherWatch, watchDispatchers } from "./running-dispatchers.ts";

export type RestoreDeps = {
  readonly nats: Nats;
  readonly log: Logger;
  /** For how long dispatchers are listened for before anything is deleted. */
  readonly listenMs?: number;
};

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
  plan: RestorePlan,
): Promise<readonly StreamName[]> => {
  const { folder, streams, replace } = plan;
  const dispatchers = watchDispatchers(deps.nats, deps.log, deps.listenMs);
  try {
    const wanted = await streamsIn(folder, streams);
    await dispatchers.refuse();
    const there = await Promise.all(wanted.map((stream) => isThere(deps.nats, stream)));
    const replaced = wanted.filter((_, n) => there[n]);
    if (replaced.length > 0 && !replace) refuseReplacing(wanted, replaced);
    const stored: StoredStream[] = [];
    for (const stream of wanted) stored.push(await readStream(folder, stream));
    // Reading takes minutes, in which an autoscaler may have brought a dispatcher back.
    await dispatchers.refuseSurely();
    for (const [n, one] of stored.entries()) {
      try {
        await restoreOne(deps, one, { dispatchers, isReplaced: replaced.includes(one.stream) });
      } catch (error) {
        throw unfinished(error, plan, wanted, n);
      }
    }
    return wanted;
  } finally {
    dispatchers.stop();
  }
};

const refuseReplacing = (wanted: readonly StreamName[], replaced: readonly StreamName[]): never => {
  const lost = wanted.filter((stream) => !replaced.includes(stream));
  const some =
    lost.length === 0 ? "" : `Name the lost ones in RESTORE_STREAMS (${lost.join()}), or set `;
  throw new Error(
    `RESTORE_REPLACE: is not true, and there are streams ${replaced.join()}. ` +
      `${some === "" ? "Set " : some}RESTORE_REPLACE=true to put all of these back to what they were`,
  );
};

type How = { readonly dispatchers: DispatcherWatch; readonly isReplaced: boolean };

const restoreOne = async (
  { nats, log }: RestoreDeps,
  one: StoredStream,
  { dispatchers, isReplaced }: How,
): Promise<void> => {
  const { stream, meta } = one;
  // A dispatcher would deliver from what is half restored. Consumers are not looked at: for a moment after their restore they
  // have no leader, and nobody replies.
  dispatchers.refuseHeard();
  if (isReplaced) await nats.jsm.streams.delete(stream);
  try {
    const { state, created } = await restoreStream(nats, one);
    const { messages, last_seq: lastSeq } = state;
    const copied = meta.state.messages;
    log.info(
      { stream, messages, backup_messages: copied, last_seq: lastSeq, created },
      "restore.restored",
    );
  } catch (error) {
    const gone = isReplaced ? "is deleted and not restored" : "is not restored";
    throw new Error(`it ${gone}: ${messageOf(error)}`, { cause: error });
  }
};

/** What ended a restore amid its streams, and how to go on. */
const unfinished = (
  error: unknown,
  { folder, replace }: RestorePlan,
  wanted: readonly StreamName[],
  n: number,
): Error => {
  const done = n === 0 ? "none" : wanted.slice(0, n).join();
  return new Error(
    `${wanted[n]}: ${messageOf(error)}. Restored before it: ${done}. Run the restore again for the others: ` +
      `RESTORE_FROM=${basename(folder)} RESTORE_STREAMS=${wanted.slice(n).join()} RESTORE_REPLACE=${replace}`,
    { cause: error },
  );
};

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

const isThere = async ({ jsm }: Nats, stream: StreamName): Promise<boolean> => {
  try {
    await jsm.streams.info(stream);
    return true;
  } catch (error) {
    if (isStreamNotFound(error)) return false;
    throw error;
  }
};
