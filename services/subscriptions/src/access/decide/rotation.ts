import { ACCESS_LIMITS, type StoredKey } from "@ringback/contracts/access/access-record";

export type Rotation =
  | { readonly kind: "rotated"; readonly key: StoredKey }
  /** The key has ended: no secret would count. */
  | { readonly kind: "key_expired" }
  | { readonly kind: "too_many_key_secrets" };

/**
 * The key with a new secret. Those before it count until the overlap is over, or until their own time where that is
 * sooner: whoever rotates without an overlap ends all of them.
 */
export const rotated = (key: StoredKey, sha256: string, now: Date, overlapMs: number): Rotation => {
  const at = now.toISOString();
  if (key.expires_at !== undefined && key.expires_at <= at) return { kind: "key_expired" };
  const until = new Date(now.getTime() + overlapMs).toISOString();
  const before = key.secrets
    .map((secret) => ({ ...secret, until: earlier(secret.until ?? until, until) }))
    .filter((secret) => secret.until > at);
  if (before.length >= ACCESS_LIMITS.secrets) return { kind: "too_many_key_secrets" };
  return { kind: "rotated", key: { ...key, secrets: [{ sha256 }, ...before], rotated_at: at } };
};

const earlier = (a: string, b: string): string => (a < b ? a : b);
