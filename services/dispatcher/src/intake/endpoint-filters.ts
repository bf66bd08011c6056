import type { DeliverableEndpoint } from "@ringback/contracts/endpoints/destination";
import { eventTypeLabel, EVENT_TYPE_LABELS } from "@ringback/contracts/events/event-types";
import type { EventAddress } from "@ringback/contracts/events/event";
import { parseFilter, type Filter } from "@ringback/contracts/filters/filter";
import { matchFilter, type FilterSubject } from "@ringback/contracts/filters/match-filter";
import { parseExact } from "@ringback/contracts/json/exact-json";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Metrics } from "@ringback/runtime/telemetry/metrics";

/** An event, as filters see it. */
export type FilteredEvent = {
  readonly address: EventAddress;
  /** When EVENTS stored it, in ms since 1970 by the clock of NATS. */
  readonly storedAtMs: number;
  readonly body: Uint8Array;
};

/** Those of some endpoints whose filter an event matches; one without a filter matches all. */
export type EndpointFilters = (
  endpoints: readonly DeliverableEndpoint[],
  event: FilteredEvent,
) => readonly DeliverableEndpoint[];

/**
 * Filters are parsed once for each state of an endpoint; the payload is parsed only where one of the endpoints has a
 * filter, once for all of them. What a filter leaves out is counted, and stored nowhere.
 */
export const endpointFilters = (metrics: Metrics, log: Logger): EndpointFilters => {
  const leftOut = metrics.counter(
    "ringback_filtered_total",
    "Deliveries that were not made, as an endpoint's filter left the event out",
    { event_type: EVENT_TYPE_LABELS },
  );
  const isMatch = filterMatcher(log);
  return (endpoints, event) => {
    if (endpoints.every(({ filter }) => filter === undefined)) return endpoints;
    const subject = subjectOf(event);
    return endpoints.filter((endpoint) => {
      const isWanted = isMatch(endpoint, subject);
      if (!isWanted) leftOut.inc({ event_type: eventTypeLabel(event.address.eventType) });
      return isWanted;
    });
  };
};

/** Whether an endpoint's filter lets one event through; without counting it. */
export const filterCheck = (
  log: Logger,
): ((endpoint: DeliverableEndpoint, event: FilteredEvent) => boolean) => {
  const isMatch = filterMatcher(log);
  return (endpoint, event) => endpoint.filter === undefined || isMatch(endpoint, subjectOf(event));
};

const filterMatcher = (log: Logger) => {
  const parsed = new WeakMap<DeliverableEndpoint, Filter | "unreadable">();
  const filterOf = (endpoint: DeliverableEndpoint, json: string): Filter | "unreadable" => {
    const known = parsed.get(endpoint);
    if (known !== undefined) return known;
    const read = parseFilter(parseExact(json));
    if (read.kind === "invalid") {
      const { endpoint_id } = endpoint;
      log.error({ endpoint_id, problems: read.problems }, "endpoint.filter_unreadable");
    }
    const filter = read.kind === "filter" ? read.filter : "unreadable";
    parsed.set(endpoint, filter);
    return filter;
  };
  return (endpoint: DeliverableEndpoint, subject: FilterSubject): boolean => {
    if (endpoint.filter === undefined) return true;
    const filter = filterOf(endpoint, endpoint.filter);
    // A filter of a later version may keep payloads from an address that must not have them.
    return filter !== "unreadable" && matchFilter(filter, subject).match;
  };
};

const subjectOf = ({ address, storedAtMs, body }: FilteredEvent): FilterSubject => ({
  event_type: address.eventType,
  agent_id: address.agentId,
  call_id: address.callId,
  stored_at: new Date(storedAtMs).toISOString(),
  data: parseExact(body),
});
