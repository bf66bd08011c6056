import { setImmediate as nextTick } from "node:timers/promises";
import type { DeliverableEndpoint } from "@ringback/contracts/endpoints/destination";
import { eventTypeLabel, EVENT_TYPE_LABELS } from "@ringback/contracts/events/event-types";
import type { EventAddress } from "@ringback/contracts/events/event";
import { parseFilter, type Filter } from "@ringback/contracts/filters/filter";
import { matchFilter, type FilterSubject } from "@ringback/contracts/filters/match-filter";
import { parseExact } from "@ringback/contracts/json/exact-json";
import { concurrencyLimit } from "@ringback/runtime/process/concurrency";
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
) => Promise<readonly DeliverableEndpoint[]>;

/** Long enough that yielding costs little, short enough that requests do not notice. */
const SLICE_MS = 5;

/** Payloads beyond this are looked at one after the other: each takes ten times its size in memory meanwhile. */
const LARGE_BYTES = 64 * 1024;

/**
 * Filters are parsed once for each state of an endpoint; the payload is parsed only where one of the endpoints has a
 * filter, once for all of them. What a filter leaves out is counted, and stored nowhere. Fifty filters may take a second
 * for a large payload, so that other work goes on between two of them.
 */
export const endpointFilters = (metrics: Metrics, log: Logger): EndpointFilters => {
  const leftOut = metrics.counter(
    "ringback_filtered_total",
    "Deliveries that were not made, as an endpoint's filter left the event out",
    { event_type: EVENT_TYPE_LABELS },
  );
  const isMatch = filterMatcher(log);
  const oneAfterTheOther = concurrencyLimit(1);
  const evaluate: EndpointFilters = async (endpoints, event) => {
    const wanted: DeliverableEndpoint[] = [];
    let startMs = performance.now();
    const subject = subjectOf(event);
    for (const endpoint of endpoints) {
      if (performance.now() - startMs > SLICE_MS) {
        await nextTick();
        startMs = performance.now();
      }
      if (isMatch(endpoint, subject, event)) wanted.push(endpoint);
      else leftOut.inc({ event_type: eventTypeLabel(event.address.eventType) });
    }
    return wanted;
  };
  return async (endpoints, event) => {
    if (endpoints.every(({ filter }) => filter === undefined)) return endpoints;
    if (event.body.byteLength <= LARGE_BYTES) return evaluate(endpoints, event);
    return oneAfterTheOther(() => evaluate(endpoints, event));
  };
};

/** Whether an endpoint's filter lets one event through; without counting it. */
export const filterCheck = (
  log: Logger,
): ((endpoint: DeliverableEndpoint, event: FilteredEvent) => boolean) => {
  const isMatch = filterMatcher(log);
  return (endpoint, event) =>
    endpoint.filter === undefined || isMatch(endpoint, subjectOf(event), event);
};

const filterMatcher = (log: Logger) => {
  const parsed = new WeakMap<DeliverableEndpoint, Filter | "unreadable">();
  const filterOf = (
    endpoint: DeliverableEndpoint,
    json: string,
    { workspaceId }: EventAddress,
  ): Filter | "unreadable" => {
    const known = parsed.get(endpoint);
    if (known !== undefined) return known;
    const read = parseFilter(parseExact(json));
    if (read.kind === "invalid") {
      const ids = { workspace_id: workspaceId, endpoint_id: endpoint.endpoint_id };
      log.error({ ...ids, problems: read.problems }, "endpoint.filter_unreadable");
    }
    const filter = read.kind === "filter" ? read.filter : "unreadable";
    parsed.set(endpoint, filter);
    return filter;
  };
  return (
    endpoint: DeliverableEndpoint,
    subject: FilterSubject,
    { address }: FilteredEvent,
  ): boolean => {
    if (endpoint.filter === undefined) return true;
    const filter = filterOf(endpoint, endpoint.filter, address);
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
