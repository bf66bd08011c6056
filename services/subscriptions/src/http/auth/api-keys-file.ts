import { watchFile, loggedAs, type WatchedFile } from "@ringback/runtime/settings/watched-file";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { readApiKeyEntries } from "./api-key-entries.ts";
import { apiKeysOf, type ApiKeys } from "./api-keys.ts";

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
