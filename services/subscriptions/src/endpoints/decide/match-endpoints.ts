import { isWorkspaceEventType } from "@ringback/contracts/agents/workspace-agent";
import {
  choosesAgent,
  choosesType,
  stateNameOf,
  type Endpoint,
} from "@ringback/contracts/endpoints/endpoint";
import type { EventType } from "@ringback/contracts/events/event-types";
import { parseFilter } from "@ringback/contracts/filters/filter";
import {
  matchFilter,
  type FilterMatch,
  type FilterSubject,
} from "@ringback/contracts/filters/match-filter";
import { parseExact } from "@ringback/contracts/json/exact-json";

/** An event, as far as it is known. */
export type MatchedEvent = {
  readonly agentId: string;
  readonly eventType: EventType;
  /** What filters look at; undefined: nothing is known of its payload. */
  readonly subject?: FilterSubject | undefined;
};

/** Why an endpoint does not get an event. */
export const NO_MATCH_REASONS = ["agent", "event_type", "filter", "paused", "disabled"] as const;

type NoMatchReason = (typeof NO_MATCH_REASONS)[number];

export type EndpointMatch =
  | { readonly kind: "match"; readonly isFilterTested: boolean }
  /** `path`: of the filter's first condition that does not hold. */
  | { readonly kind: "no_match"; readonly because: NoMatchReason; readonly path?: string };

/** Whether an endpoint gets an event, with the first reason against it. */
export const matchEndpoint = (
  endpoint: Pick<Endpoint, "agents" | "event_types" | "filter" | "switch">,
  { agentId, eventType, subject }: MatchedEvent,
): EndpointMatch => {
  const isOfAgent = isWorkspaceEventType(eventType) || choosesAgent(endpoint, agentId);
  if (!isOfAgent) return { kind: "no_match", because: "agent" };
  if (!choosesType(endpoint, eventType)) return { kind: "no_match", because: "event_type" };
  const filtered = filteredBy(endpoint, subject);
  if (filtered?.match === false) {
    return { kind: "no_match", because: "filter", path: filtered.because };
  }
  const state = stateNameOf(endpoint);
  if (state !== "healthy") return { kind: "no_match", because: state };
  return { kind: "match", isFilterTested: endpoint.filter === undefined || filtered !== undefined };
};

/** Undefined: there is no filter, or nothing that it could look at. */
const filteredBy = (
  { filter }: Pick<Endpoint, "filter">,
  subject: FilterSubject | undefined,
): FilterMatch | undefined => {
  if (filter === undefined || subject === undefined) return undefined;
  const parsed = parseFilter(parseExact(filter));
  // Another version's filter, which this one does not understand.
  if (parsed.kind === "invalid") return { match: false, because: "filter" };
  return matchFilter(parsed.filter, subject);
};
