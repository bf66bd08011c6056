import {
  callerWith,
  type Caller,
  type Credential,
  type Credentials,
} from "../../services/subscriptions/src/http/auth/credential.ts";

/** The caller with a key of a workspace that may read; `more` says what else it is. */
export const callerIn = (
  workspaceId: string,
  keyId = "k1",
  more: Partial<Credential> = {},
): Caller =>
  callerWith({
    kind: "key",
    id: keyId,
    workspaceId,
    permissions: new Set(["read"]),
    digests: [],
    seed: "",
    actor: keyId,
    ...more,
  });

/** Nobody is known. */
export const NOBODY: Credentials = { keys: () => [], session: () => undefined };
