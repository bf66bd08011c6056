import type { IncomingHttpHeaders } from "node:http";
import { ALL_WORKSPACES } from "@ringback/contracts/access/access-subject";
import { isId } from "@ringback/contracts/id";
import type { Problem } from "../problem.ts";
import type { Caller, Credential, Role } from "./credential.ts";
import type { Permission } from "./permissions.ts";

/**
 * What a call is about. `one`: a workspace. `or_all`: a workspace, or what is of operators, which is named `*`. `or_none`:
 * the same, and an operator need not name any. `operator`: all workspaces, for operators alone.
 */
export type WorkspaceRule = "one" | "or_all" | "or_none" | "operator";

export type Choice = { readonly kind: "caller"; readonly caller: Caller } | Refusal;

type Refusal = { readonly kind: "refused"; readonly problem: Problem };

/** The caller in the workspace that the request is about, by its credential and its `X-Workspace-Id`. */
export const inWorkspace = (
  credential: Credential,
  headers: IncomingHttpHeaders,
  rule: WorkspaceRule,
): Choice => {
  const roles = [credential, ...(credential.roles ?? [])];
  const everywhere = permissionsAt(roles, ALL_WORKSPACES);
  if (rule === "operator") {
    return everywhere === undefined
      ? refused("operator_required", "This call needs a key of an operator.")
      : callerAt(credential, ALL_WORKSPACES, everywhere);
  }
  const named = headers["x-workspace-id"] ?? defaultOf(credential, rule);
  if (named === undefined) {
    const detail = "Name the workspace as X-Workspace-Id: this key is of an operator.";
    return refused("workspace_required", detail);
  }
  if (named === ALL_WORKSPACES && everywhere !== undefined && rule !== "one") {
    return callerAt(credential, ALL_WORKSPACES, everywhere);
  }
  if (typeof named !== "string" || !isId(named)) {
    const detail = "X-Workspace-Id: expected once, 1 to 128 characters of A-Z, a-z, 0-9, _ and -.";
    return refused("bad_request", detail);
  }
  const own = permissionsAt(roles, named);
  if (own === undefined && everywhere === undefined) {
    const detail = "X-Workspace-Id names another workspace than that of the key.";
    return refused("insufficient_scope", detail);
  }
  return callerAt(credential, named, new Set([...(own ?? []), ...(everywhere ?? [])]));
};

/** True for whoever may act in every workspace. */
export const isOperator = (credential: Credential): boolean =>
  permissionsAt([credential, ...(credential.roles ?? [])], ALL_WORKSPACES) !== undefined;

const defaultOf = ({ workspaceId }: Credential, rule: WorkspaceRule): string | undefined =>
  workspaceId === ALL_WORKSPACES && rule !== "or_none" ? undefined : workspaceId;

const permissionsAt = (
  roles: readonly Role[],
  workspaceId: string,
): ReadonlySet<Permission> | undefined => {
  const there = roles.filter((role) => role.workspaceId === workspaceId);
  if (there.length === 0) return undefined;
  return new Set(there.flatMap(({ permissions }) => [...permissions]));
};

const callerAt = (
  credential: Credential,
  workspaceId: string,
  permissions: ReadonlySet<Permission>,
): Choice => {
  const { id: keyId, seed: keyDigest, actor, agents } = credential;
  const sight = { workspaceId, ...(agents === undefined ? {} : { agents }) };
  return {
    kind: "caller",
    caller: { keyId, ...sight, permissions, keyDigest, actor, credential },
  };
};

const refused = (code: Problem["code"], detail: string): Refusal => ({
  kind: "refused",
  problem: { code, detail },
});
