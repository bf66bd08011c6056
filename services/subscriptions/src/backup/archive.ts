import {
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
  type FileHandle,
} from "node:fs/promises";
import { join } from "node:path";
import type { StreamConfig, StreamState } from "@nats-io/jetstream";
import { isStreamName, type StreamName } from "@ringback/contracts/streams/subjects";

/** What a stream was when it was copied; the server wants it back for a restore. */
export type StreamMeta = { readonly config: StreamConfig; readonly state: StreamState };

// As the `nats` program names and writes them: either reads what the other has written.
const META_FILE = "backup.json";
const DATA_FILE = "stream.tar.s2";

/** A backup that was not finished; nobody restores it. */
const PARTIAL = ".partial";

/** Safe in names of files, and in the order of time. */
const nameOf = (at: Date): string => at.toISOString().replaceAll(/[:.]/g, "-");

/** A backup that is being made. */
export type NewBackup = {
  readonly name: string;
  /** A new file for a stream's bytes; close it. */
  readonly openData: (stream: StreamName) => Promise<FileHandle>;
  readonly writeMeta: (stream: StreamName, meta: StreamMeta) => Promise<void>;
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
    openData: async (stream) => {
      await mkdir(join(folder, stream));
      return open(join(folder, stream, DATA_FILE), "wx", 0o600);
    },
    writeMeta: (stream, meta) =>
      writeFile(join(folder, stream, META_FILE), JSON.stringify(meta, null, 2), { mode: 0o600 }),
    finish: () => rename(folder, join(root, name)),
  };
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

/** What a backup has of a stream. */
export const openStream = async (
  folder: string,
  stream: StreamName,
): Promise<{ readonly meta: StreamMeta; readonly data: FileHandle }> => {
  const text = await readFile(join(folder, stream, META_FILE), "utf8");
  const data = await open(join(folder, stream, DATA_FILE), "r");
  return { meta: JSON.parse(text) as StreamMeta, data };
};
