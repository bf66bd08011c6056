import { endpointIdOfUid, isEndpointUid } from "@ringback/contracts/endpoints/endpoint-id";
import type { FastifyInstance } from "fastify";
import { seesAgent, seesEndpoint, type Sight } from "../../sight/decide/sight.ts";
import { agentNotFound, endpointNotFound, sendProblem } from "../problem.ts";
import { callerOf } from "./caller.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** What the call does concerns every agent: a caller that is bound to some is refused. */
    isOfAllAgents?: boolean;
    /** The endpoint in the path need not be there: the call decides itself about one that is not seen. */
    mayNameNewEndpoint?: boolean;
  }
}

/** The endpoints, as far as they say who sees them. */
export type EndpointsInSight = {
  /** Resolves once everything that was confirmed to a caller is known. */
  readonly upToDate: () => Promise<void>;
  /** The ids of those that are for agents of this sight alone. */
  readonly seenBy: (sight: Omit<Sight, "endpoints">) => ReadonlySet<string>;
};

const NO_ENDPOINTS: EndpointsInSight = {
  upToDate: () => Promise.resolve(),
  seenBy: () => new Set(),
};

type Named = { readonly agent_id?: string; readonly endpoint_id?: string };

/**
 * Completes what a caller sees that is bound to agents, and responds to paths that name another agent, or an endpoint
 * that is not these agents' own: as if neither was there, before anything else is looked at.
 */
export const hideFromBoundCallers = (
  api: Pick<FastifyInstance, "addHook">,
  { upToDate, seenBy }: EndpointsInSight = NO_ENDPOINTS,
): void => {
  api.addHook("onRequest", async (request, reply) => {
    const caller = callerOf(request);
    if (caller.agents === undefined) return undefined;
    const { operator, isOfAllAgents, mayNameNewEndpoint } = request.routeOptions.config;
    if (operator === true || isOfAllAgents === true) {
      const detail = "This call concerns every agent, and the key is bound to some of them.";
      return sendProblem(reply, { code: "agent_not_allowed", detail });
    }
    const { agent_id: agentId, endpoint_id: named } = (request.params ?? {}) as Named;
    if (agentId !== undefined && !seesAgent(caller, agentId)) {
      return sendProblem(reply, agentNotFound(agentId));
    }
    if (named !== undefined) await upToDate();
    request.caller = { ...caller, endpoints: seenBy(caller) };
    if (named === undefined || mayNameNewEndpoint === true) return undefined;
    const id = isEndpointUid(named) ? endpointIdOfUid(caller.workspaceId, named) : named;
    return seesEndpoint(request.caller, id)
      ? undefined
      : sendProblem(reply, endpointNotFound(named));
  });
};
