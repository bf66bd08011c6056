import { isWorkspaceEventType } from "@ringback/contracts/agents/workspace-agent";
import {
  choosesAgent,
  choosesType,
  stateNameOf,
  type Endpoint,
} from "@ringback/contracts/endpoints/endpoint";
import type { EventType } from "@ringback/contracts/events/event-types";

/** An event, as far as it is known. */
export type MatchedEvent = { readonly agentId: string; readonly eventType: EventType };

/** Why an endpoint does not get an event. */
export const NO_MATCH_REASONS = ["agent", "event_type", "paused", "disabled"] as const;

type NoMatchReason = (typeof NO_MATCH_REASONS)[number];

export type EndpointMatch =
  { readonly kind: "match" } | { readonly kind: "no_match"; readonly because: NoMatchReason };

/** Whether an endpoint gets an event, with the first reason against it. */
export const matchEndpoint = (
  endpoint: Pick<Endpoint, "agents" | "event_types" | "switch">,
  { agentId, eventType }: MatchedEvent,
): EndpointMatch => {
  const isOfAgent = isWorkspaceEventType(eventType) || choosesAgent(endpoint, agentId);
  if (!isOfAgent) return { kind: "no_match", because: "agent" };
  if (!choosesType(endpoint, eventType)) return { kind: "no_match", because: "event_type" };
  const state = stateNameOf(endpoint);
  return state === "healthy" ? { kind: "match" } : { kind: "no_match", because: state };
};
