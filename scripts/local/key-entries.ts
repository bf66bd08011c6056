import { readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
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
    if (Array.isArray(entries)) return entries as KeyEntry[];
  } catch {
    // Said below, in the same words as for JSON that is no array.
  }
  throw new Error(`${file} is not a JSON array of API keys: mend it or delete it`);
};

/** Writes a keys file that only its owner reads; makes its folder. */
export const writeKeyEntries = async (
  file: string,
  entries: readonly KeyEntry[],
): Promise<void> => {
  makeFolder(dirname(file));
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
