import type { Endpoint } from "@ringback/contracts/endpoints/endpoint";
import type { EventType } from "@ringback/contracts/events/event-types";
import type { FilterSubject } from "@ringback/contracts/filters/match-filter";
import { matchEndpoint } from "./match-endpoints.ts";

/** A stored event, and where it went. */
type DeliveredEvent = {
  readonly agentId: string;
  readonly eventType: EventType;
  readonly storedAtMs: number;
  /** What filters look at. */
  readonly subject: FilterSubject;
  /** The ids of the endpoints that it went to. */
  readonly destinations: ReadonlySet<string | undefined>;
};

type SkippedBy = "filter" | "paused" | "disabled";

type Candidate = Pick<
  Endpoint,
  "endpoint_id" | "uid" | "agents" | "event_types" | "filter" | "switch" | "created_at"
>;

/**
 * The endpoints of the event's agent and type, as they are now, that it did not go to: nothing is stored about them. Those that
 * were created later than the event are none of them.
 */
export const skippedEndpoints = (
  endpoints: readonly Candidate[],
  { destinations, storedAtMs, ...event }: DeliveredEvent,
): readonly {
  readonly endpointId: string;
  readonly uid: string | undefined;
  readonly by: SkippedBy;
}[] =>
  endpoints
    .filter(({ endpoint_id }) => !destinations.has(endpoint_id))
    .filter(({ created_at }) => Date.parse(created_at) <= storedAtMs)
    .flatMap((endpoint) => {
      const match = matchEndpoint(endpoint, event);
      const by = match.kind === "match" ? undefined : match.because;
      if (by === undefined || by === "agent" || by === "event_type") return [];
      return [{ endpointId: endpoint.endpoint_id, uid: endpoint.uid, by }];
    });
