import type { FastifyRequest } from "fastify";
import { callerOf, requirePermission } from "../../http/auth/caller.ts";
import { isOwnEndpoint } from "../../sight/decide/sight.ts";
import { addressIn } from "../endpoint-commands.ts";
import type { EndpointCommands } from "./run-endpoint-command.ts";

/**
 * Refuses another URL for an endpoint that keeps its headers, where the caller may not see their values: the new URL would
 * be sent them.
 */
export const refuseCarriedHeaders = async (
  request: FastifyRequest,
  { url, headers }: { readonly url?: unknown; readonly headers?: unknown },
  named: string,
  { store }: Pick<EndpointCommands, "store">,
): Promise<void> => {
  const { permissions, workspaceId, agents } = callerOf(request);
  if (url === undefined || headers !== undefined || permissions.has("secrets")) return;
  const { state } = await store.read(addressIn(workspaceId, named));
  if (state.kind !== "present" || Object.keys(state.endpoint.headers).length === 0) return;
  if (!isOwnEndpoint(agents, state.endpoint)) return; // not found, for this caller
  requirePermission(request, "secrets", "Another url for an endpoint that keeps its headers");
};
