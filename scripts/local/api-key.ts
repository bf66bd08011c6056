import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf, newApiKey } from "./new-api-key.ts";

/** Where `make up` keeps its API key, from the root of the repository. */
export const LOCAL_KEY_FILE = ".run/api-key";

const KEY_ID = "local";
const SCOPES = ["read", "write", "admin"] as const;

type KeyEntry = {
  readonly id?: unknown;
  readonly workspace_id?: unknown;
  readonly sha256?: unknown;
};

export type LocalApiKey = {
  readonly key: string;
  /** For `API_KEYS_FILE`. */
  readonly keysFile: string;
};

/**
 * An API key with every scope of `workspaceId`, kept in `directory` and used again by the next run.
 * Other keys that somebody put into the file stay.
 */
export const ensureApiKey = async (
  directory: string,
  workspaceId: string,
): Promise<LocalApiKey> => {
  const keyFile = join(directory, "api-key");
  const keysFile = join(directory, "api-keys.json");
  const entries = await readEntries(keysFile);
  const kept = (await readIfThere(keyFile))?.trim();
  const isKept = (entry: KeyEntry) =>
    entry.workspace_id === workspaceId && entry.sha256 === digestOf(kept ?? "");
  if (kept !== undefined && entries.some(isKept)) return { key: kept, keysFile };
  const { key, entry } = newApiKey({
    id: KEY_ID,
    workspace_id: workspaceId,
    scopes: [...SCOPES],
  });
  const others = entries.filter(({ id }) => id !== KEY_ID);
  await mkdir(directory, { recursive: true });
  await writeFile(keysFile, `${JSON.stringify([...others, entry], null, 2)}\n`, { mode: 0o600 });
  await writeFile(keyFile, `${key}\n`, { mode: 0o600 });
  return { key, keysFile };
};

const readEntries = async (keysFile: string): Promise<readonly KeyEntry[]> => {
  const text = await readIfThere(keysFile);
  if (text === undefined) return [];
  try {
    const entries: unknown = JSON.parse(text);
    if (Array.isArray(entries)) return entries as KeyEntry[];
  } catch {
    // Said below, in the same words as for JSON that is no array.
  }
  throw new Error(`${keysFile} is not a JSON array of API keys: mend it or delete it`);
};

const readIfThere = async (file: string): Promise<string | undefined> => {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
};
