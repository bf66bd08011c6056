import { MAX_SIGNING_KEYS } from "@ringback/contracts/secrets/signing-key";
import type { Rejection } from "../decide/edit.ts";
import { entityTag } from "../../commands/decide/entity-tag.ts";
import type { Conflict } from "../../commands/handle-command.ts";
import { agentNotFound, type Problem } from "../../http/problem.ts";

/** Why a command was not carried out, for its caller. */
export const commandProblem = (agentId: string, result: Rejection | Conflict): Problem => {
  if (result.kind === "conflict") {
    return { code: "conflict", detail: `Agent '${agentId}' was modified concurrently: retry.` };
  }
  return { code: result.code, detail: detailOf(agentId, result) };
};

const detailOf = (agentId: string, rejection: Rejection): string => {
  const agent = `Agent '${agentId}'`;
  switch (rejection.code) {
    case "agent_not_found":
      return agentNotFound(agentId).detail;
    case "agent_exists":
      return `${agent} is registered as '${rejection.agent.agent_display_name}': the operation rename_agent of PATCH /agent/v1 gives it another name.`;
    case "precondition_failed": {
      const { version } = rejection;
      const is = version === undefined ? "not there" : `at ETag ${entityTag(version)}`;
      return `${agent} is ${is}, which If-Match does not name: nothing was changed.`;
    }
    case "subscription_exists": {
      const types = rejection.existing.map(({ event_type }) => event_type).join(", ");
      return `${agent} has subscriptions for ${types}: nothing was changed.`;
    }
    case "subscription_not_found": {
      const { missing } = rejection;
      const of = missing.length === 0 ? "" : ` for ${missing.join(", ")}`;
      return `${agent} has no subscription${of}: nothing was changed.`;
    }
    case "too_many_signing_secrets": {
      const types = rejection.event_types.join(", ");
      return `${types}: ${MAX_SIGNING_KEYS} secrets sign already. Wait until one expires, or rotate with an overlap of 0s: nothing was changed.`;
    }
    default:
      return rejection satisfies never;
  }
};
