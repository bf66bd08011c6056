import { statfs } from "node:fs/promises";
import type { StreamName } from "@ringback/contracts/streams/subjects";
import { isStreamNotFound } from "@ringback/runtime/nats/errors";
import type { Nats } from "@ringback/runtime/nats/connection";

/** Room for a backup, in bytes. */
export type Room = {
  /** What the streams hold. The server compresses what it sends, so a backup needs no more than that. */
  readonly needed: number;
  readonly available: number;
};

/** The room that a backup needs and has; throws where a stream is not there. */
export const roomFor = async (
  nats: Nats,
  root: string,
  streams: readonly StreamName[],
): Promise<Room> => {
  const sizes = await Promise.all(streams.map((stream) => sizeOf(nats, stream)));
  const { bavail, bsize } = await statfs(root);
  return { needed: sizes.reduce((sum, bytes) => sum + bytes, 0), available: bavail * bsize };
};

const sizeOf = async ({ jsm }: Nats, stream: StreamName): Promise<number> => {
  try {
    return (await jsm.streams.info(stream)).state.bytes;
  } catch (error) {
    if (!isStreamNotFound(error)) throw error;
    throw new Error(`BACKUP_STREAMS: there is no stream ${stream}`, { cause: error });
  }
};

/** The error to report instead of one that the disk's end has caused; others as they are. */
export const withRoom = (error: unknown, root: string, { needed, available }: Room): unknown => {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== "ENOSPC" && code !== "EDQUOT") return error;
  return new Error(
    `BACKUP_DIR: no room left in ${root}. The streams hold ${needed} bytes, and ${available} were free: the disk needs room for one backup more than BACKUP_KEEP`,
    { cause: error },
  );
};
