import { createHash, randomBytes } from "node:crypto";
import type { ApiKeyEntry } from "../../services/subscriptions/src/http/auth/api-key-entries.ts";

/** 256 bits: nobody guesses it, and a plain SHA-256 of it is enough to store. */
const SECRET_BYTES = 32;

export type NewApiKey = {
  /** `rb_<id>_<secret>`; it is nowhere else, so whoever loses it needs a new one. */
  readonly key: string;
  /** What the keys file lists of it. */
  readonly entry: ApiKeyEntry;
};

/** A new API key. */
export const newApiKey = (about: Omit<ApiKeyEntry, "sha256">): NewApiKey => {
  const key = `rb_${about.id}_${randomBytes(SECRET_BYTES).toString("hex")}`;
  const { id, workspace_id, ...rest } = about;
  return { key, entry: { id, workspace_id, sha256: digestOf(key), ...rest } };
};

/** The digest by which the keys file knows a key. */
export const digestOf = (key: string): string => createHash("sha256").update(key).digest("hex");
