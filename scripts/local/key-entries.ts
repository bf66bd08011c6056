import { readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { makeFolder } from "@ringback/runtime/process/make-folder";

/** An element of a keys file; what it lacks or has beside these, the service judges. */
export type KeyEntry = {
  readonly id?: unknown;
  readonly workspace_id?: unknown;
  readonly sha256?: unknown;
};

/** The entries of a keys file, none where there is no file. Throws where it is not a JSON array. */
export const keyEntriesIn = async (file: string): Promise<readonly KeyEntry[]> => {
  const text = await readIfThere(file);
  if (text === undefined) return [];
  try {
    const entries: unknown = JSON.parse(text);
    if (Array.isArray(entries) && entries.every(isEntry)) return entries;
  } catch {
    // Said below, in the same words as for JSON that is no array.
  }
  throw new Error(`${file} is not a JSON array of API keys: mend it or delete it`);
};

const isEntry = (value: unknown): value is KeyEntry =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** How long another process may change a keys file. */
const LOCKED_MS = 10_000;
const AGAIN_MS = 20;

/** Runs what reads and writes a keys file alone, so that no process writes over another's key; makes its folder. */
export const changingKeys = async <T>(file: string, change: () => Promise<T>): Promise<T> => {
  makeFolder(dirname(file));
  const lock = `${file}.lock`;
  for (let leftMs = LOCKED_MS; !(await hasMade(lock)); leftMs -= AGAIN_MS) {
    if (leftMs <= 0) {
      throw new Error(`${file} is being changed by another process: if by none, delete ${lock}`);
    }
    await wait(AGAIN_MS);
  }
  try {
    return await change();
  } finally {
    await rm(lock, { force: true });
  }
};

const hasMade = async (lock: string): Promise<boolean> => {
  try {
    await writeFile(lock, "", { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
};

/** Writes a keys file that only its owner reads, in place: a container may have this one file. */
export const writeKeyEntries = async (
  file: string,
  entries: readonly KeyEntry[],
): Promise<void> => {
  await writeFile(file, `${JSON.stringify(entries, null, 2)}\n`, { mode: 0o600 });
};

/** The text of a file, undefined where there is none. */
export const readIfThere = async (file: string): Promise<string | undefined> => {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
};
