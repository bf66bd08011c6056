import type { StreamName } from "@ringback/contracts/streams/subjects";
import { isStreamNotFound } from "@ringback/runtime/nats/errors";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { beginBackup, keepNewest, type NewBackup } from "./archive.ts";
import { takeSnapshot } from "./snapshot.ts";

export type BackupDeps = {
  readonly nats: Nats;
  readonly inboxPrefix: string;
  readonly log: Logger;
  readonly now: () => Date;
};

export type BackupPlan = {
  readonly root: string;
  readonly streams: readonly StreamName[];
  readonly keep: number;
};

/** What a backup came to. */
export type BackedUp = { readonly name: string; readonly bytes: number };

/**
 * Copies the streams, one after the other in their order, into a new folder, and then removes old backups. A backup whose
 * copies are not all there is left unfinished: nothing is removed, and nobody restores it.
 */
export const backUp = async (
  deps: BackupDeps,
  { root, streams, keep }: BackupPlan,
): Promise<BackedUp> => {
  const backup = await beginBackup(root, deps.now());
  let bytes = 0;
  for (const stream of streams) bytes += await copy(stream, backup, deps);
  await backup.finish();
  const removed = await keepNewest(root, keep);
  if (removed.length > 0) deps.log.info({ backups: removed }, "backup.removed");
  return { name: backup.name, bytes };
};

const copy = async (
  stream: StreamName,
  backup: NewBackup,
  { nats, inboxPrefix, log }: BackupDeps,
): Promise<number> => {
  const startedMs = performance.now();
  try {
    const { meta, bytes } = await backup.add(stream, (write) =>
      takeSnapshot(nats, stream, inboxPrefix, write),
    );
    const { messages, last_seq: lastSeq } = meta.state;
    const tookMs = Math.round(performance.now() - startedMs);
    log.info({ stream, messages, last_seq: lastSeq, bytes, took_ms: tookMs }, "backup.copied");
    return bytes;
  } catch (error) {
    if (!isStreamNotFound(error)) throw error;
    throw new Error(`BACKUP_STREAMS: there is no stream ${stream}`, { cause: error });
  }
};
