import type { AgentState } from "@ringback/contracts/agents/agent";
import { isOfVersion, type EntityTags } from "./entity-tag.ts";

/** What has to be true of an agent for a command to be carried out (`If-Match`). */
export type Precondition = Exclude<EntityTags, { readonly kind: "invalid" }>;

/** `If-Match` compares strongly: a weak tag never matches (RFC 9110 section 13.1.1). */
export const isMet = (precondition: Precondition | undefined, state: AgentState): boolean => {
  if (precondition === undefined) return true;
  if (state.kind === "absent") return false;
  return (
    precondition.kind === "any" ||
    precondition.tags.some((tag) => !tag.isWeak && isOfVersion(tag, state.version))
  );
};
