import type { RedeliveryJob } from "@ringback/contracts/deliveries/redelivery-job";
import { isWithin, seesEndpoint, type Sight } from "../../sight/decide/sight.ts";

/** What a job may send, as its caller sees it; `seenBy` gives the endpoints of a sight as they are now. */
export const sightOfJob = (
  { workspace_id: workspaceId, agents: bound }: Pick<RedeliveryJob, "workspace_id" | "agents">,
  seenBy: (sight: Sight) => ReadonlySet<string>,
): Sight => {
  if (bound === undefined) return { workspaceId };
  const agents = new Set(bound);
  return { workspaceId, agents, endpoints: seenBy({ workspaceId, agents }) };
};

/** Whether a caller sees a job: one that sends events of other agents, or to endpoints of others, does not exist for it. */
export const seesJob = (
  sight: Sight,
  { agent_id, agents, endpoint_id }: Pick<RedeliveryJob, "agent_id" | "agents" | "endpoint_id">,
): boolean => {
  if (!seesEndpoint(sight, endpoint_id)) return false;
  const about = agent_id === undefined ? agents : [agent_id];
  // A job for an endpoint sends what the endpoint is for, and so events of its agents alone.
  const isOfItsEndpoint = about === undefined && endpoint_id !== undefined;
  return isOfItsEndpoint || isWithin(sight.agents, about);
};
