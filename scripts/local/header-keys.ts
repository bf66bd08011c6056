import { randomBytes } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder } from "@ringback/runtime/process/make-folder";
import { readSealingKeys } from "@ringback/runtime/secrets/sealing-keys";

const KEY_BYTES = 32;

/**
 * Makes a file with one key, or adds a key at the end of one: there it opens, and seals nothing until
 * it is put first, which is safe once every process has read it. Gives the new key's id.
 */
export const addHeaderKey = async (file: string, now: Date): Promise<string> => {
  const text = await readIfThere(file);
  const entries = text === undefined ? [] : entriesIn(file, text);
  const id = `k${now.toISOString().slice(0, 10).replaceAll("-", "")}-${randomBytes(3).toString("hex")}`;
  const entry = { id, key: randomBytes(KEY_BYTES).toString("base64") };
  makeFolder(dirname(file));
  // In one step: services may read it at this moment.
  const next = `${file}.next`;
  await writeFile(next, `${JSON.stringify([...entries, entry], null, 2)}\n`, { mode: 0o600 });
  await rename(next, file);
  return id;
};

/** A keys file for the local stack, made when it is not there: the same keys for the next run. */
export const ensureHeaderKeys = async (file: string): Promise<string> => {
  const text = await readIfThere(file);
  if (text === undefined) await addHeaderKey(file, new Date());
  else entriesIn(file, text);
  return file;
};

const entriesIn = (file: string, text: string): readonly unknown[] => {
  const read = readSealingKeys(text);
  if (read.kind === "invalid")
    throw new Error(`${file}: ${read.message}: mend it (what it sealed opens with no other key)`);
  return JSON.parse(text) as readonly unknown[];
};

const readIfThere = async (file: string): Promise<string | undefined> => {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
};
