import { MAX_SIGNING_KEYS } from "@ringback/contracts/secrets/signing-key";
import { entityTag } from "../decide/entity-tag.ts";
import type { OnceResult } from "../run-once.ts";
import type { CommandResult, AppliedCommand } from "../handle-command.ts";
import { agentNotFound, type Problem } from "../../http/problem.ts";

/** Why a command was not carried out, for its caller. */
export const commandProblem = (
  agentId: string,
  result: Exclude<CommandResult, AppliedCommand>,
): Problem => {
  if (result.kind === "conflict") {
    const detail = `Agent '${agentId}' was modified concurrently: retry.`;
    return { code: "conflict", detail };
  }
  switch (result.code) {
    case "agent_not_found":
      return agentNotFound(agentId);
    case "agent_exists": {
      const detail = `Agent '${agentId}' is registered as '${result.agent.agent_display_name}'.`;
      return { code: "agent_exists", detail };
    }
    case "precondition_failed": {
      const { version } = result;
      const is = version === undefined ? "not there" : `at ETag ${entityTag(version)}`;
      const detail = `Agent '${agentId}' is ${is}, which If-Match does not name: nothing was changed.`;
      return { code: "precondition_failed", detail };
    }
    case "subscription_exists": {
      const types = result.existing.map(({ event_type }) => event_type).join(", ");
      const detail = `Agent '${agentId}' has subscriptions for ${types}: nothing was changed.`;
      return { code: "subscription_exists", detail };
    }
    case "subscription_not_found": {
      const { missing } = result;
      const of = missing.length === 0 ? "" : ` for ${missing.join(", ")}`;
      const detail = `Agent '${agentId}' has no subscription${of}: nothing was changed.`;
      return { code: "subscription_not_found", detail };
    }
    case "too_many_signing_secrets": {
      const types = result.event_types.join(", ");
      const detail = `${types}: ${MAX_SIGNING_KEYS} secrets sign already. Wait until one expires, or ask with an overlap of 0s: nothing was changed.`;
      return { code: "too_many_signing_secrets", detail };
    }
    default:
      return result satisfies never;
  }
};

/** Why a request with an `Idempotency-Key` was not run, for its caller. */
export const onceProblem = ({ kind }: Exclude<OnceResult, { kind: "done" }>): Problem => {
  switch (kind) {
    case "in_progress": {
      const detail = "A request with this Idempotency-Key is under way: retry for its response.";
      return { code: "request_in_progress", detail };
    }
    case "reused": {
      const detail =
        "This Idempotency-Key was used for another request in the last 24 hours: take a new key for a new request.";
      return { code: "idempotency_key_reused", detail };
    }
    default:
      return kind satisfies never;
  }
};
