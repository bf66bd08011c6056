import type { AgentState } from "@ringback/contracts/agents/agent";
import { decide, type Command, type Decision } from "./edit.ts";
import { isOfVersion, type EntityTags } from "./entity-tag.ts";

/** What has to be true of an agent for a command to be carried out (`If-Match`). */
export type Precondition = Exclude<EntityTags, { readonly kind: "invalid" }>;

/**
 * The decision over this state, or a rejection where the agent is not as the caller thinks. Only what
 * would be carried out is measured by it: an unknown agent stays unknown (RFC 9110 section 13.2.1).
 */
export const decideIf = (
  precondition: Precondition | undefined,
  command: Command,
  state: AgentState,
): Decision => {
  const decision = decide(command, state);
  if (decision.kind === "rejected" || precondition === undefined) return decision;
  if (isMet(precondition, state)) return decision;
  const version = state.kind === "registered" ? state.version : undefined;
  return { kind: "rejected", code: "precondition_failed", version };
};

/** `If-Match` compares strongly: a weak tag never matches (RFC 9110 section 13.1.1). */
const isMet = (precondition: Precondition, state: AgentState): boolean => {
  if (state.kind === "absent") return false;
  return (
    precondition.kind === "any" ||
    precondition.tags.some((tag) => !tag.isWeak && isOfVersion(tag, state.version))
  );
};
