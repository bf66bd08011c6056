import { isWorkspaceEventType } from "@ringback/contracts/agents/workspace-agent";
import { refuseOtherAgents } from "../../http/auth/other-agents.ts";
import { RefusedError } from "../../http/refused-error.ts";
import type { Sight } from "../../sight/decide/sight.ts";

/** What a request says of which events an endpoint is for. */
type WantedChoice = {
  readonly agents?: readonly string[] | undefined;
  readonly event_types?: readonly string[] | undefined;
};

/**
 * Throws a RefusedError where an endpoint would not be the own one of the agents that the caller is bound to: it would get
 * events of other agents, or those of the workspace, which tell of every agent.
 */
export const refuseOthersEvents = (
  caller: Pick<Sight, "agents">,
  { agents = [], event_types = [] }: WantedChoice,
): void => {
  if (caller.agents === undefined) return;
  refuseOtherAgents(
    caller,
    agents.map((agentId, n) => ({ path: `agents.${n}`, agentId })),
  );
  const errors = event_types.flatMap((type, n) =>
    isWorkspaceEventType(type)
      ? [{ path: `event_types.${n}`, message: `'${type}' tells of every agent` }]
      : [],
  );
  if (errors.length === 0) return;
  const detail = "The key is bound to some agents, and the request is about all: nothing was done.";
  throw new RefusedError({ code: "agent_not_allowed", detail, errors });
};
