import { seesAgent, type Sight } from "../../sight/decide/sight.ts";
import { quoted } from "../decide/shown.ts";
import { RefusedError } from "../refused-error.ts";

/** An agent that a body names, and where. */
export type NamedAgent = { readonly path: string; readonly agentId: string };

const MAX_ERRORS = 100;

/** Throws a RefusedError where a body names agents that the caller is not bound to. It does not say whether they are there. */
export const refuseOtherAgents = (
  caller: Pick<Sight, "agents">,
  named: readonly NamedAgent[],
): void => {
  const others = named.filter(({ agentId }) => !seesAgent(caller, agentId));
  if (others.length === 0) return;
  const errors = others.slice(0, MAX_ERRORS).map(({ path, agentId }) => ({
    path,
    message: `${quoted(agentId)} is not among the agents that the key is bound to`,
  }));
  const detail = "The key is bound to some agents, and the request names others: nothing was done.";
  throw new RefusedError({ code: "agent_not_allowed", detail, errors });
};
