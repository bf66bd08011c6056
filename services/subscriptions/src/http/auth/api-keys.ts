import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { watchFile, loggedAs, type WatchedFile } from "@ringback/runtime/settings/watched-file";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { readApiKeyEntries, type ApiKeyEntry } from "./api-key-entries.ts";
import { permissionsInFile, type Permission } from "./permissions.ts";

/** The sender of a request: its key, and the workspace that the key belongs to. */
export type Caller = {
  readonly keyId: string;
  readonly workspaceId: string;
  readonly permissions: ReadonlySet<Permission>;
  /** The digest of the key: the same in every instance, and secret to everybody without the key. */
  readonly keyDigest: string;
};

/** The keys that are known, by id. */
export type ApiKeys = ReadonlyMap<string, ApiKeyEntry>;

export const apiKeysOf = (entries: readonly ApiKeyEntry[]): ApiKeys =>
  new Map(entries.map((entry) => [entry.id, entry]));

const MAX_KEY_CHARACTERS = 512;
const MAX_ID_PARTS = 64; // an id has at most as many characters
const DUMMY_DIGEST = "0".repeat(64);

/**
 * The caller that a request's headers prove, or undefined. It gives no reason: nobody learns which keys there are.
 * `Authorization` counts only where no `X-API-KEY` is sent.
 */
export const authenticate = (
  headers: IncomingHttpHeaders,
  keys: ApiKeys,
  nowMs: number,
): Caller | undefined => {
  const key = keyIn(headers);
  if (key === undefined || key.length > MAX_KEY_CHARACTERS) return undefined;
  const candidates = idsIn(key).flatMap((id) => keys.get(id) ?? []);
  const digest = createHash("sha256").update(key).digest();
  // Unknown ids cost a comparison too, so that time does not tell which ids there are.
  if (candidates.length === 0) isDigest(digest, DUMMY_DIGEST);
  const entry = candidates.find(({ sha256 }) => isDigest(digest, sha256));
  if (entry === undefined || hasExpired(entry, nowMs)) return undefined;
  const { id: keyId, workspace_id: workspaceId, sha256: keyDigest } = entry;
  return { keyId, workspaceId, permissions: permissionsInFile(entry.scopes), keyDigest };
};

const keyIn = (headers: IncomingHttpHeaders): string | undefined => {
  const key = headers["x-api-key"];
  if (key !== undefined) return typeof key === "string" ? key : undefined;
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
};

/** Every id that `rb_<id>_<secret>` can be read as: ids and secrets may hold underscores. */
const idsIn = (key: string): string[] => {
  const [prefix, ...parts] = key.split("_");
  if (prefix !== "rb") return [];
  const ends = parts.slice(1, MAX_ID_PARTS + 1);
  return ends.map((_, n) => parts.slice(0, n + 1).join("_"));
};

const isDigest = (digest: Buffer, hex: string): boolean =>
  timingSafeEqual(digest, Buffer.from(hex, "hex"));

const hasExpired = ({ expires_at }: ApiKeyEntry, nowMs: number): boolean =>
  expires_at !== undefined && Date.parse(expires_at) <= nowMs;

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
