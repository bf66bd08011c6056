import { ALL_WORKSPACES } from "@ringback/contracts/access/access-subject";
import { ACCESS_LIMITS, type StoredKey } from "@ringback/contracts/access/access-record";
import type { FastifyRequest } from "fastify";
import type { z } from "zod";
import { quoted } from "../../http/decide/shown.ts";
import { callerOf } from "../../http/auth/caller.ts";
import type { Problem } from "../../http/problem.ts";
import { RefusedError } from "../../http/refused-error.ts";
import { KEY_REUSED, requestKeyIn, type RequestKey } from "../../idempotency/request-key.ts";
import type { AccessIndex } from "../access-index.ts";
import { isWithin } from "../../sight/decide/sight.ts";
import type { KeyRejection, KeyStore, ShownOnce } from "../key-store.ts";
import type { ShownKey, ShownKeys } from "../shown-keys.ts";
import type { keySchema, keyWithSecretSchema } from "./key-schemas.ts";

export type KeysDeps = {
  readonly keys: KeyStore;
  readonly shown: ShownKeys;
  readonly index: Pick<AccessIndex, "upToDate">;
  readonly now: () => Date;
};

export const keyResponse = ({ scopes, agents, ...key }: ShownKey): z.infer<typeof keySchema> => ({
  ...key,
  scopes: [...scopes],
  agents: agents === null ? null : [...agents],
});

/** A key as it is now, with its secret where this request made it. */
export const keyWithSecret = (
  { stored, token }: ShownOnce,
  { shown }: KeysDeps,
): z.infer<typeof keyWithSecretSchema> => {
  const { workspace_id, key_id } = stored;
  const key = shown.find(workspace_id, key_id);
  if (key === undefined) throw new RefusedError(keyProblem({ kind: "key_not_found" }, key_id));
  return { ...keyResponse(key), ...(token === undefined ? {} : { key: token }) };
};

/** A key of the request's workspace that the caller may see, up to date; throws a RefusedError where there is none. */
export const visibleKey = async (
  request: FastifyRequest,
  keyId: string,
  { index, shown }: KeysDeps,
): Promise<ShownKey> => {
  await index.upToDate();
  const { workspaceId, credential } = callerOf(request);
  const key = shown.find(workspaceId, keyId);
  if (key !== undefined && isWithin(credential.agents, key.agents ?? undefined)) return key;
  throw new RefusedError(keyProblem({ kind: "key_not_found" }, keyId));
};

/** The same, where it is to be changed: a key of the file is not. */
export const changeableKey = async (
  request: FastifyRequest,
  keyId: string,
  deps: KeysDeps,
): Promise<ShownKey> => {
  const key = await visibleKey(request, keyId, deps);
  if (key.source === "api") return key;
  const detail = `Key ${quoted(keyId)} is in the operator's keys file: it is changed there.`;
  throw new RefusedError({ code: "key_in_file", detail });
};

/** The request's `Idempotency-Key`; throws a RefusedError where it is not valid. */
export const onceIn = (request: FastifyRequest): RequestKey | undefined => {
  const read = requestKeyIn(request);
  if (read.kind === "rejected") throw new RefusedError(read);
  return read.key;
};

/** The workspace of a new key: an operator has to say it, so that no operator's key is made by mistake. */
export const workspaceOfNewKey = (
  request: FastifyRequest,
  named: string | undefined,
): StoredKey["workspace_id"] => {
  const { workspaceId } = callerOf(request);
  const isSaid = named !== undefined || request.headers["x-workspace-id"] !== undefined;
  if (workspaceId !== ALL_WORKSPACES || isSaid) return named ?? workspaceId;
  const detail =
    "Name the workspace of the key as workspace_id or X-Workspace-Id; * for an operator's.";
  throw new RefusedError({ code: "workspace_required", detail });
};

const DETAILS: Readonly<Record<KeyRejection["kind"], (keyId: string) => Problem>> = {
  key_reused: () => KEY_REUSED,
  key_not_found: (keyId) => ({
    code: "key_not_found",
    detail: `There is no key ${quoted(keyId)} in this workspace.`,
  }),
  key_expired: (keyId) => ({
    code: "key_expired",
    detail: `Key ${quoted(keyId)} has ended: make a new one.`,
  }),
  too_many_key_secrets: (keyId) => ({
    code: "too_many_key_secrets",
    detail: `${ACCESS_LIMITS.secrets} secrets of key ${quoted(keyId)} count at once: wait until an overlap is over, or rotate with overlap 0s, which ends all of them.`,
  }),
  too_many_keys: () => ({
    code: "too_many_keys",
    detail: `The workspace has ${ACCESS_LIMITS.keys} keys: delete one first. Keys that have ended count for 30 days.`,
  }),
  conflict: (keyId) => ({
    code: "conflict",
    detail: `Key ${quoted(keyId)} was changed concurrently: nothing was changed now.`,
  }),
};

export const keyProblem = ({ kind }: KeyRejection, keyId: string): Problem => DETAILS[kind](keyId);
