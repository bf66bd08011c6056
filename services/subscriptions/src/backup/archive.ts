import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { StreamConfig, StreamState } from "@nats-io/jetstream";
import { isStreamName, type StreamName } from "@ringback/contracts/streams/subjects";
import { z } from "zod";
import { jsonIn } from "./json-file.ts";
import { backupsIn, CHECKSUM_FILE, DATA_FILE, MANIFEST_FILE, META_FILE } from "./layout.ts";
import { manifestOf } from "./manifest.ts";

/** What a stream was when it was copied; the server wants it back for a restore. */
export type StreamMeta = { readonly config: StreamConfig; readonly state: StreamState };

/** A stream with its consumers, as the server gave it; `bytes` is how many were written. */
export type Snapshot = { readonly meta: StreamMeta; readonly bytes: number };

/** A stream in a backup. */
export type StoredStream = {
  readonly stream: StreamName;
  readonly meta: StreamMeta;
  readonly dataFile: string;
};

/** The folder of a backup, by its name or as the last one; throws where there is none. */
export const findBackup = async (root: string, name: string): Promise<string> => {
  const all = await backupsIn(root);
  const found = name === "latest" ? all.at(-1) : all.find((one) => one === name);
  if (found === undefined) {
    throw new Error(`RESTORE_FROM: no backup '${name}' in ${root}, which has: ${all.join(", ")}`);
  }
  return join(root, found);
};

/** The streams of which a backup has a folder. */
const foldersOf = async (folder: string): Promise<readonly StreamName[]> =>
  (await readdir(folder)).filter(isStreamName);

/**
 * The streams to restore: those that were named, or all of the backup's manifest. Throws where the backup lacks one, and where
 * nobody has named any and no manifest tells what should be there.
 */
export const streamsIn = async (
  folder: string,
  named: readonly StreamName[] | undefined,
): Promise<readonly StreamName[]> => {
  const [kept, manifest] = await Promise.all([foldersOf(folder), manifestOf(folder)]);
  const wanted = named ?? manifest?.streams.map(({ stream }) => stream);
  if (wanted === undefined) {
    throw new Error(
      `RESTORE_STREAMS: ${folder} has no ${MANIFEST_FILE}, which would say what all its streams are. Name those to restore, of ${kept.join()}`,
    );
  }
  const missing = wanted.filter((stream) => !kept.includes(stream)).join();
  if (missing === "") return wanted;
  throw new Error(
    named === undefined
      ? `${folder} has no ${missing}, which its ${MANIFEST_FILE} names. Take another backup, or name in RESTORE_STREAMS those to restore, of ${kept.join()}`
      : `RESTORE_STREAMS: ${folder} has no ${missing}`,
  );
};

/** A backup for people; what is undefined, nobody has written down. */
export type ListedBackup = {
  readonly backup: string;
  readonly began_at?: string | undefined;
  readonly bytes?: number | undefined;
  readonly streams: readonly string[];
  /** Why it cannot be restored as a whole. */
  readonly problem?: string;
};

/** All complete backups, oldest first. */
export const listBackups = async (root: string): Promise<readonly ListedBackup[]> =>
  Promise.all((await backupsIn(root)).map((backup) => listed(root, backup)));

const listed = async (root: string, backup: string): Promise<ListedBackup> => {
  const folder = join(root, backup);
  const streams = await foldersOf(folder);
  try {
    const manifest = await manifestOf(folder);
    await streamsIn(folder, undefined);
    const bytes = manifest?.streams.reduce((sum, one) => sum + one.bytes, 0);
    return { backup, began_at: manifest?.began_at, bytes, streams };
  } catch (error) {
    return { backup, streams, problem: error instanceof Error ? error.message : String(error) };
  }
};

const metaSchema = (stream: StreamName) =>
  z.looseObject({
    config: z.looseObject({ name: z.literal(stream) }),
    state: z.looseObject({ messages: z.number(), last_seq: z.number() }),
  });

/**
 * What a backup has of a stream, read once from its beginning to its end. Throws where that is not what was written; the
 * `nats` program writes no checksum to tell it by.
 */
export const readStream = async (folder: string, stream: StreamName): Promise<StoredStream> => {
  const own = join(folder, stream);
  const meta = metaSchema(stream).safeParse(await jsonIn(join(own, META_FILE)));
  if (!meta.success) throw new Error(`${join(own, META_FILE)}: ${z.prettifyError(meta.error)}`);
  const dataFile = join(own, DATA_FILE);
  const [digest, manifest, checksum] = await Promise.all([
    digestOf(dataFile),
    manifestOf(folder),
    checksumIn(own),
  ]);
  const named = manifest?.streams.find((one) => one.stream === stream)?.sha256;
  for (const [written, by] of [
    [named, MANIFEST_FILE],
    [checksum, CHECKSUM_FILE],
  ] as const) {
    if (written !== undefined && written !== digest)
      throw new Error(`${dataFile}: is not what was written, by ${by}`);
  }
  return { stream, meta: meta.data as unknown as StreamMeta, dataFile };
};

const digestOf = async (path: string): Promise<string> => {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
};

const checksumIn = async (folder: string): Promise<string | undefined> => {
  if (!(await readdir(folder)).includes(CHECKSUM_FILE)) return undefined;
  const text = await readFile(join(folder, CHECKSUM_FILE), "utf8");
  return text.split(" ", 1)[0];
};
