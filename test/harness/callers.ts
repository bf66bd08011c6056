import type {
  Caller,
  Credential,
  Credentials,
} from "../../services/subscriptions/src/http/auth/credential.ts";

/** The caller with a key of a workspace that may read; `more` says what else it is. */
export const callerIn = (
  workspaceId: string,
  keyId = "k1",
  more: Partial<Credential> = {},
): Caller => {
  const credential = { ...credentialIn(workspaceId, keyId), ...more };
  const { permissions, actor } = credential;
  return { keyId, workspaceId, permissions, keyDigest: "", actor, credential };
};

/** A key of a workspace that may read. */
export const credentialIn = (workspaceId: string, keyId = "k1"): Credential => ({
  kind: "key",
  id: keyId,
  workspaceId,
  permissions: new Set(["read"]),
  digests: [],
  seed: "",
  actor: keyId,
});

/** Nobody is known. */
export const NOBODY: Credentials = { keys: () => [], session: () => undefined };
