import { ALL_WORKSPACES } from "@ringback/contracts/access/access-subject";
import type { Caller } from "../http/auth/credential.ts";
import { permissionsOf, type Permission } from "../http/auth/permissions.ts";

/** What a new key or session is to be. */
export type Grant = {
  readonly workspaceId: string;
  readonly permissions: readonly Permission[];
  readonly agents: readonly string[] | undefined;
};

/** Why somebody may not give this: nobody gives more than they have. Undefined: they may. */
export const excessOf = (
  { workspaceId, permissions, agents }: Grant,
  caller: Pick<Caller, "workspaceId" | "permissions" | "credential">,
): string | undefined => {
  const isOwn = caller.workspaceId === workspaceId || caller.workspaceId === ALL_WORKSPACES;
  if (!isOwn)
    return "A key of one workspace makes none of another, and only operators make operators' keys.";
  const lacking = [...permissionsOf(permissions)].filter((one) => !caller.permissions.has(one));
  if (lacking.length > 0) return `The caller has not ${lacking.join(", ")}, and so cannot give it.`;
  const own = caller.credential.agents;
  if (own === undefined) return undefined;
  if (agents === undefined) return "The caller is bound to some agents: name agents of these.";
  const others = agents.filter((agent) => !own.has(agent));
  return others.length === 0
    ? undefined
    : `The caller is bound to other agents than ${others.slice(0, 3).join(", ")}.`;
};
