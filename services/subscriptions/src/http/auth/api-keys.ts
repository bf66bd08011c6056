import { watchFile, loggedAs, type WatchedFile } from "@ringback/runtime/settings/watched-file";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { readApiKeyEntries, type ApiKeyEntry } from "./api-key-entries.ts";
import type { Credential, Credentials } from "./credential.ts";
import { permissionsInFile } from "./permissions.ts";

/** A key of the file: as it is known, and as the file has it. */
export type FileKey = Credential & { readonly entry: ApiKeyEntry };

/** The keys of the file, by id. */
export type ApiKeys = ReadonlyMap<string, FileKey>;

export const apiKeysOf = (entries: readonly ApiKeyEntry[]): ApiKeys =>
  new Map(entries.map((entry) => [entry.id, fileKey(entry)]));

const fileKey = (entry: ApiKeyEntry): FileKey => {
  const { id, sha256, agents, expires_at } = entry;
  return {
    kind: "key",
    id,
    workspaceId: entry.workspace_id,
    permissions: permissionsInFile(entry.scopes),
    digests: [{ sha256 }],
    ...(agents === undefined ? {} : { agents: new Set(agents) }),
    seed: sha256,
    actor: id,
    ...(expires_at === undefined ? {} : { expiresAtMs: Date.parse(expires_at) }),
    entry,
  };
};

/** The keys of a file alone, as what is known. */
export const credentialsIn = (keys: () => ApiKeys): Credentials => ({
  keys: (id) => [keys().get(id)].filter((key) => key !== undefined),
  session: () => undefined,
});

export type ApiKeysFile = WatchedFile<ApiKeys>;

/** The keys in a file, read again when its content changes. Throws when it cannot be used at the start. */
export const openApiKeysFile = (path: string, log: Logger): Promise<ApiKeysFile> => {
  const lines = loggedAs(log, "api_keys", path);
  return watchFile<ApiKeys>({
    setting: "API_KEYS_FILE",
    path,
    read: (text) => {
      const read = readApiKeyEntries(text);
      return read.kind === "entries"
        ? { kind: "value", value: apiKeysOf(read.entries) }
        : { kind: "broken", message: read.message };
    },
    onLoaded: (keys) => lines.loaded(keys.size),
    onBroken: lines.broken,
  });
};
