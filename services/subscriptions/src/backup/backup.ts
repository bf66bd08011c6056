import type { StreamName } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { beginBackup, type NewBackup } from "./new-backup.ts";
import { keepNewest, removeAbandoned } from "./old-backups.ts";
import { roomFor, withRoom } from "./room.ts";
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
 * Copies the streams, one after the other in their order, into a new folder, and then removes old backups. A backup that
 * fails is removed, and nothing older is.
 */
export const backUp = async (deps: BackupDeps, plan: BackupPlan): Promise<BackedUp> => {
  const { root, streams } = plan;
  const abandoned = await removeAbandoned(root, deps.now());
  if (abandoned.length > 0) deps.log.info({ backups: abandoned }, "backup.removed_unfinished");
  const room = await roomFor(deps.nats, root, streams);
  const { needed, available } = room;
  // No error: what is sent is compressed, and may need less.
  if (needed > available)
    deps.log.warn({ needed_bytes: needed, available_bytes: available }, "backup.little_room");
  const backup = await beginBackup(root, deps.now());
  try {
    let bytes = 0;
    for (const stream of streams) bytes += await copy(stream, backup, deps);
    await backup.finish();
    await removeOld(deps, plan);
    return { name: backup.name, bytes };
  } catch (error) {
    await backup.abandon().catch((err: unknown) => deps.log.error({ err }, "backup.not_removed"));
    throw withRoom(error, root, room);
  }
};

/** The backup is there, whatever becomes of older ones: a run that failed would be repeated. */
const removeOld = async ({ log }: BackupDeps, { root, keep }: BackupPlan): Promise<void> => {
  try {
    const removed = await keepNewest(root, keep);
    if (removed.length > 0) log.info({ backups: removed }, "backup.removed");
  } catch (error) {
    log.error({ err: error }, "backup.not_removed");
  }
};

const copy = async (
  stream: StreamName,
  backup: NewBackup,
  { nats, inboxPrefix, log }: BackupDeps,
): Promise<number> => {
  const startedMs = performance.now();
  const { meta, bytes } = await backup.add(stream, (write) =>
    takeSnapshot(nats, stream, inboxPrefix, write),
  );
  const { messages, last_seq: lastSeq } = meta.state;
  const tookMs = Math.round(performance.now() - startedMs);
  log.info({ stream, messages, last_seq: lastSeq, bytes, took_ms: tookMs }, "backup.copied");
  return bytes;
};
