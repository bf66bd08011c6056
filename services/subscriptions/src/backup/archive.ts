import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { StreamConfig, StreamState } from "@nats-io/jetstream";
import { isStreamName, type StreamName } from "@ringback/contracts/streams/subjects";
import { z } from "zod";

/** What a stream was when it was copied; the server wants it back for a restore. */
export type StreamMeta = { readonly config: StreamConfig; readonly state: StreamState };

/** A stream with its consumers, as the server gave it; `bytes` is how many were written. */
export type Snapshot = { readonly meta: StreamMeta; readonly bytes: number };

/** Hands a stream's bytes over, part by part, in their order. */
type TakeSnapshot = (write: (part: Uint8Array) => Promise<unknown>) => Promise<Snapshot>;

/** A stream in a backup. */
export type StoredStream = {
  readonly stream: StreamName;
  readonly meta: StreamMeta;
  readonly dataFile: string;
};

// As the `nats` program names and writes them: either reads what the other has written.
const META_FILE = "backup.json";
const DATA_FILE = "stream.tar.s2";
/** Of the data, as `sha256sum --check` reads it; the `nats` program neither writes nor minds it. */
const CHECKSUM_FILE = `${DATA_FILE}.sha256`;

/** A backup that was not finished; nobody restores it. */
const PARTIAL = ".partial";

/** Safe in names of files, and in the order of time. */
const nameOf = (at: Date): string => at.toISOString().replaceAll(/[:.]/g, "-");

/** A backup that is being made. */
export type NewBackup = {
  readonly name: string;
  /** Writes a stream's bytes with their checksum, and what the stream was. */
  readonly add: (stream: StreamName, take: TakeSnapshot) => Promise<Snapshot>;
  /** From here on it is complete, and may be restored. */
  readonly finish: () => Promise<void>;
};

/** Begins a backup in a folder of its own, and removes what earlier runs left unfinished. */
export const beginBackup = async (root: string, at: Date): Promise<NewBackup> => {
  const name = nameOf(at);
  const folder = join(root, `${name}${PARTIAL}`);
  const unfinished = (await readdir(root)).filter((one) => one.endsWith(PARTIAL));
  await removeAll(root, unfinished);
  await mkdir(folder);
  return {
    name,
    add: async (stream, take) => {
      const own = join(folder, stream);
      await mkdir(own);
      const snapshot = await writeData(own, take);
      await writeFile(join(own, META_FILE), JSON.stringify(snapshot.meta, null, 2), PRIVATE);
      return snapshot;
    },
    finish: () => rename(folder, join(root, name)),
  };
};

const PRIVATE = { mode: 0o600, flush: true };

const writeData = async (folder: string, take: TakeSnapshot): Promise<Snapshot> => {
  const file = await open(join(folder, DATA_FILE), "wx", PRIVATE.mode);
  const hash = createHash("sha256");
  try {
    const snapshot = await take((part) => {
      hash.update(part);
      return file.writeFile(part);
    });
    await file.sync();
    await writeFile(join(folder, CHECKSUM_FILE), `${hash.digest("hex")}  ${DATA_FILE}\n`, PRIVATE);
    return snapshot;
  } finally {
    await file.close();
  }
};

/** Complete backups, oldest first. */
const backupsIn = async (root: string): Promise<readonly string[]> =>
  (await readdir(root, { withFileTypes: true }))
    .filter((one) => one.isDirectory() && /^\d{4}-\d\d-\d\dT[\d-]+Z$/.test(one.name))
    .map(({ name }) => name)
    .toSorted();

/** Removes all but the newest. */
export const keepNewest = async (root: string, count: number): Promise<readonly string[]> => {
  const old = (await backupsIn(root)).slice(0, -count);
  await removeAll(root, old);
  return old;
};

const removeAll = async (root: string, names: readonly string[]): Promise<void> => {
  await Promise.all(names.map((name) => rm(join(root, name), { recursive: true })));
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

/** The streams that a backup has. */
export const streamsOf = async (folder: string): Promise<readonly StreamName[]> =>
  (await readdir(folder)).filter(isStreamName);

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
  const [digest, written] = await Promise.all([digestOf(dataFile), checksumIn(own)]);
  if (written !== undefined && written !== digest) {
    throw new Error(`${dataFile}: is not what was written, by ${CHECKSUM_FILE}`);
  }
  return { stream, meta: meta.data as unknown as StreamMeta, dataFile };
};

const jsonIn = async (path: string): Promise<unknown> => {
  const text = await readFile(path, "utf8");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${path}: is no JSON`, { cause: error });
  }
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
