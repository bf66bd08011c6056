import { isWorkspaceEventType, WORKSPACE_AGENT } from "@ringback/contracts/agents/workspace-agent";
import type { EndpointChoice } from "@ringback/contracts/endpoints/endpoint";
import { idSchema } from "@ringback/contracts/id";
import { z } from "zod";

/**
 * What a caller sees of its workspace: all of it, or what is of some agents alone. Everything that reads or changes
 * something for a caller takes this in place of the workspace's id, so that no call can forget the agents.
 */
export type Sight = {
  readonly workspaceId: string;
  /** The agents that the caller is bound to; undefined: to none. */
  readonly agents?: ReadonlySet<string> | undefined;
  /** Of a bound caller: the ids of the endpoints that it sees. */
  readonly endpoints?: ReadonlySet<string> | undefined;
};

/** Whether what is of this agent is seen. A bound caller does not see what is of no known agent. */
export const seesAgent = (
  { agents }: Pick<Sight, "agents">,
  agentId: string | null | undefined,
): boolean => agents === undefined || (typeof agentId === "string" && agents.has(agentId));

/** Whether deliveries to this endpoint are seen; undefined: to an agent's subscription, which is the agent's. */
export const seesEndpoint = (
  { agents, endpoints }: Pick<Sight, "agents" | "endpoints">,
  endpointId: string | undefined,
): boolean =>
  agents === undefined || endpointId === undefined || endpoints?.has(endpointId) === true;

/** Whether something is bound to agents of whom the caller sees everything. What is bound to none is for all of them. */
export const isWithin = (
  callerAgents: ReadonlySet<string> | undefined,
  agents: Iterable<string> | undefined,
): boolean => {
  if (callerAgents === undefined) return true;
  const all = [...(agents ?? [])];
  return all.length > 0 && all.every((agent) => callerAgents.has(agent));
};

/**
 * Whether an endpoint is the agents' own: for some of them and for nobody else. One that gets events of the workspace itself
 * is not, as those tell of other agents.
 */
export const isOwnEndpoint = (
  agents: ReadonlySet<string> | undefined,
  endpoint: EndpointChoice,
): boolean =>
  isWithin(agents, endpoint.agents) &&
  (agents === undefined || !endpoint.event_types.some(isWorkspaceEventType));

const MAX_AGENTS = 200;

/** The agents that somebody is bound to, as a key or session names them. */
export const boundAgentsSchema = z
  .array(
    idSchema.refine((id) => id !== WORKSPACE_AGENT, `'${WORKSPACE_AGENT}' is the workspace's own`),
  )
  .min(1, "must name at least one agent: without the list it is for all of them")
  .max(MAX_AGENTS, `names too many agents: at most ${MAX_AGENTS}`);
