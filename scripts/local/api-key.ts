import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  changingKeys,
  keyEntriesIn,
  readIfThere,
  writeKeyEntries,
  type KeyEntry,
} from "./key-entries.ts";
import { digestOf, newApiKey } from "./new-api-key.ts";

const KEY_ID = "local";
const SCOPES = ["read", "write", "admin"] as const;

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
  const keysFile = join(directory, "api-keys.json");
  const key = await changingKeys(keysFile, () => ensureKey(directory, keysFile, workspaceId));
  return { key, keysFile };
};

const ensureKey = async (
  directory: string,
  keysFile: string,
  workspaceId: string,
): Promise<string> => {
  const keyFile = join(directory, "api-key");
  const entries = await keyEntriesIn(keysFile);
  const kept = (await readIfThere(keyFile))?.trim();
  const isKept = (entry: KeyEntry) =>
    entry.workspace_id === workspaceId && entry.sha256 === digestOf(kept ?? "");
  if (kept !== undefined && entries.some(isKept)) return kept;
  const { key, entry } = newApiKey({
    id: KEY_ID,
    workspace_id: workspaceId,
    scopes: [...SCOPES],
  });
  await writeKeyEntries(keysFile, [...entries.filter(({ id }) => id !== KEY_ID), entry]);
  await writeFile(keyFile, `${key}\n`, { mode: 0o600 });
  return key;
};
