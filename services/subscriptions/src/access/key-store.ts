import { Buffer } from "node:buffer";
import { ACCESS_LIMITS, type StoredKey } from "@ringback/contracts/access/access-record";
import { ALL_WORKSPACES, type AccessAddress } from "@ringback/contracts/access/access-subject";
import { idSchema } from "@ringback/contracts/id";
import { z } from "zod";
import { decideOnce, type KeyReused } from "../idempotency/decide-once.ts";
import type { RequestKey } from "../idempotency/request-key.ts";
import type { RequestStore } from "../idempotency/request-store.ts";
import { UnavailableError } from "../streams/ask.ts";
import type { AccessIndex } from "./access-index.ts";
import { SHOWN_AFTER_END_MS } from "./access-list.ts";
import type { AccessStore } from "./access-store.ts";
import { rotated, type Rotation } from "./decide/rotation.ts";
import { newKeyId, newKeyToken, newSeed } from "./tokens.ts";

/** What a key is to be; the rest is made here. */
type NewKey = Pick<
  StoredKey,
  "workspace_id" | "name" | "scopes" | "agents" | "expires_at" | "created_by"
>;

/** The key itself is in the response to the first request, and nowhere else. */
export type ShownOnce = {
  readonly kind: "key";
  readonly stored: StoredKey;
  /** Undefined: the request was carried out before. */
  readonly token: string | undefined;
};

export type KeyRejection =
  | KeyReused
  | Exclude<Rotation, { readonly kind: "rotated" }>
  | { readonly kind: "too_many_keys" }
  | { readonly kind: "key_not_found" }
  | { readonly kind: "conflict" };

/** Changes keys that the API made, as far as the index knows them. Throws an UnavailableError without NATS. */
export type KeyStore = {
  readonly create: (key: NewKey, once: RequestKey | undefined) => Promise<ShownOnce | KeyRejection>;
  readonly rotate: (
    workspaceId: string,
    keyId: string,
    overlapMs: number,
    once: RequestKey | undefined,
  ) => Promise<ShownOnce | KeyRejection>;
  /** False: the workspace has no such key. */
  readonly remove: (workspaceId: string, keyId: string, actor: string) => Promise<boolean>;
};

export type KeyStoreDeps = {
  readonly index: Pick<AccessIndex, "key" | "keysIn">;
  readonly store: AccessStore;
  readonly requests: RequestStore;
  /** Throws a RefusedError where a workspace has changed too much of late. */
  readonly admit: (workspaceId: string, bytes: number) => void;
  readonly now: () => Date;
};

const MAX_TRIES = 5;
/** An instance that is cut off from NATS for longer has to be restarted (ADR 31). */
const TOMBSTONE_MS = 30 * 24 * 60 * 60_000;
/** What ends later than that stays until it is deleted: the server's durations end after 292 years. */
const MAX_TTL_MS = 100 * 365 * 24 * 60 * 60_000;

const createdSchema = z.object({ key_id: idSchema });
const rotatedSchema = z.object({ after_seq: z.number() });

export const keyStore = (deps: KeyStoreDeps): KeyStore => ({
  create: (key, once) => createKey(key, once, deps),
  rotate: async (workspaceId, keyId, overlapMs, once) => {
    const known = knownKey(workspaceId, keyId, deps);
    if (known === undefined) return { kind: "key_not_found" };
    const decided = await decideOnce<{ readonly after_seq: number }, never>(
      { workspaceId: requesterOf(workspaceId), key: once },
      async () => ({ kind: "decided", decided: { after_seq: known.seq } }),
      (stored) => rotatedSchema.parse(stored),
      deps,
    );
    if (decided.kind === "rejected") return decided.rejection;
    // Repeated, and the key has changed since: this rotation was carried out, or another one after it.
    if (decided.isRepeat && decided.decided.after_seq !== known.seq) {
      return { kind: "key", stored: known.stored, token: undefined };
    }
    const { token, sha256 } = newKeyToken(keyId);
    const rotation = rotated(known.stored, sha256, deps.now(), overlapMs);
    if (rotation.kind !== "rotated") return rotation;
    const result = await write(rotation.key, known.seq, deps);
    return result === "conflict"
      ? { kind: "conflict" }
      : { kind: "key", stored: rotation.key, token };
  },
  remove: async (workspaceId, keyId, by) => {
    for (let n = 0; n < MAX_TRIES; n += 1) {
      const known = knownKey(workspaceId, keyId, deps);
      if (known === undefined) return false;
      const deleted = { kind: "deleted", at: deps.now().toISOString(), by } as const;
      const address = addressOf(known.stored);
      const result = await deps.store.replace(address, deleted, known.seq, TOMBSTONE_MS);
      if (result === "stored") return true;
    }
    throw new UnavailableError(`key ${keyId} changes too fast to be deleted`);
  },
});

const createKey = async (
  key: NewKey,
  once: RequestKey | undefined,
  deps: KeyStoreDeps,
): Promise<ShownOnce | KeyRejection> => {
  const { index, store, now } = deps;
  const { workspace_id: workspaceId } = key;
  const count = () => index.keysIn(workspaceId).length;
  const decided = await decideOnce(
    { workspaceId: requesterOf(workspaceId), key: once },
    async () =>
      count() >= ACCESS_LIMITS.keys
        ? ({ kind: "rejected", rejection: { kind: "too_many_keys" } } as const)
        : ({ kind: "decided", decided: { key_id: newKeyId() } } as const),
    (stored) => createdSchema.parse(stored),
    deps,
  );
  if (decided.kind === "rejected") return decided.rejection;
  const { key_id } = decided.decided;
  const { token, sha256 } = newKeyToken(key_id);
  const created_at = now().toISOString();
  const secret = { secrets: [{ sha256 }], seed: newSeed() };
  const record: StoredKey = { kind: "key", key_id, ...key, ...secret, created_at };
  const added = await store.add({
    address: addressOf(record),
    record,
    ttlMs: ttlOf(record, now()),
    count,
    max: ACCESS_LIMITS.keys,
    mayExist: decided.isRepeat,
    admit: () => admitted(record, deps),
  });
  if (added === "too_many") return { kind: "too_many_keys" };
  if (added === "added") return { kind: "key", stored: record, token };
  const known = knownKey(workspaceId, key_id, deps);
  return known === undefined
    ? { kind: "key_not_found" } // deleted since
    : { kind: "key", stored: known.stored, token: undefined };
};

const write = async (
  key: StoredKey,
  lastSeq: number,
  deps: KeyStoreDeps,
): Promise<"stored" | "conflict"> => {
  admitted(key, deps);
  return deps.store.replace(addressOf(key), key, lastSeq, ttlOf(key, deps.now()));
};

const admitted = (key: StoredKey, { admit }: KeyStoreDeps): void =>
  admit(key.workspace_id, Buffer.byteLength(JSON.stringify(key)));

const knownKey = (workspaceId: string, keyId: string, { index }: KeyStoreDeps) => {
  const known = index.key(keyId);
  return known?.stored.workspace_id === workspaceId ? known : undefined;
};

const addressOf = ({ workspace_id: workspaceId, key_id: id }: StoredKey): AccessAddress => ({
  workspaceId,
  kind: "key",
  id,
});

/** Whose `Idempotency-Key` it is, on REQUESTS. */
const requesterOf = (workspaceId: string): string =>
  workspaceId === ALL_WORKSPACES ? "_operators" : workspaceId;

const ttlOf = ({ expires_at }: StoredKey, now: Date): number | undefined => {
  if (expires_at === undefined) return undefined;
  const ttlMs = Date.parse(expires_at) - now.getTime() + SHOWN_AFTER_END_MS;
  return ttlMs > MAX_TTL_MS ? undefined : ttlMs;
};
