import {
  CONFIGURATION_EVENT_TYPES,
  type ConfigurationEventType,
} from "@ringback/contracts/agents/agent";
import {
  ENDPOINT_EVENT_TYPES,
  type EndpointEventType,
} from "@ringback/contracts/endpoints/endpoint-event";
import { createMetrics, type Metrics } from "@ringback/runtime/telemetry/metrics";
import { tracingMetrics, type TracingMetrics } from "@ringback/runtime/telemetry/tracing-metrics";
import type { RequestMetrics } from "./http/request-log.ts";

/** What the service counts and measures. */
export type SubscriptionsMetrics = RequestMetrics & {
  readonly registry: Metrics;
  readonly tracing: TracingMetrics;
  readonly changed: (type: ConfigurationEventType | EndpointEventType) => void;
  readonly conflicted: () => void;
  /** An entry of the audit that could not be stored. */
  readonly auditLost: () => void;
  /** Events that the schemas of their own types do not fit, with as many warnings. */
  readonly warnedOf: (warnings: number) => void;
};

/** What the gauges show, looked up when they are read; undefined for what cannot be known now. */
export type Gauges = {
  readonly agents: () => number | undefined;
  readonly subscriptions: () => number | undefined;
  readonly endpoints: () => number | undefined;
  readonly isConnected: () => boolean;
  readonly viewAgeSeconds: () => number | undefined;
  readonly streams: () => number;
  readonly clockOffsetSeconds: () => number | undefined;
  readonly projectionBytes: () => number | undefined;
  /** Undefined: the index may grow to any size. */
  readonly projectionMaxBytes: () => number | undefined;
  /** By stream. */
  readonly projectionLag: () => ReadonlyMap<string, number>;
};

const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const STATUS_CLASSES = ["2xx", "4xx", "5xx"];

/** One series: names of types and fields are a customer's. */
const OF_OWN_TYPES = { event_type: "custom", field: "other" } as const;

export const createSubscriptionsMetrics = (
  version: string,
  gauges: Gauges,
): SubscriptionsMetrics => {
  const registry = createMetrics(version);
  const changes = registry.counter("ringback_config_changes_total", "Stored configuration events", {
    type: [...CONFIGURATION_EVENT_TYPES, ...ENDPOINT_EVENT_TYPES],
  });
  const conflicts = registry.counter(
    "ringback_config_conflicts_total",
    "Changes that were decided again because another one was stored first",
  );
  const auditLost = registry.counter(
    "ringback_audit_lost_total",
    "Entries of the audit that could not be stored",
  );
  registry.gauge("ringback_agents", "Agents that are registered", gauges.agents);
  registry.gauge("ringback_subscriptions", "Event subscriptions", gauges.subscriptions);
  registry.gauge("ringback_endpoints", "Endpoints", gauges.endpoints);
  registry.gauge("ringback_streams_open", "Callers that read GET /stream", gauges.streams);
  registry.gauge(
    "ringback_subscriptions_view_age_seconds",
    "How long ago the copy of the agents was last known to be complete",
    gauges.viewAgeSeconds,
  );
  registry.gauge("ringback_nats_connected", "1 while connected to NATS", () =>
    gauges.isConnected() ? 1 : 0,
  );
  registry.gauge(
    "ringback_clock_offset_seconds",
    "This machine's clock less that of NATS",
    gauges.clockOffsetSeconds,
  );
  exportProjection(registry, gauges);
  const durations = registry.histogram(
    "http_request_duration_seconds",
    "From a request's arrival to the end of its response",
    BUCKETS_SECONDS,
    { method: [], route: [], status_class: [] },
  );
  return {
    registry,
    tracing: tracingMetrics(registry),
    changed: (type) => changes.inc({ type }),
    conflicted: () => conflicts.inc(),
    auditLost: () => auditLost.inc(),
    warnedOf: warningCounter(registry),
    served: (request) => {
      for (const status_class of STATUS_CLASSES) durations.zero({ ...request, status_class });
    },
    responded: ({ method, route }, status, seconds) => {
      const labels = { method, route: route ?? "unknown", status_class: classOf(status) };
      durations.observe(labels, seconds);
    },
  };
};

const exportProjection = (
  registry: Metrics,
  { projectionLag, projectionBytes, projectionMaxBytes }: Gauges,
): void => {
  registry.gaugeBy(
    "ringback_projection_lag_messages",
    "Messages that are stored and not in the index that lists come from",
    "stream",
    projectionLag,
  );
  registry.gauge(
    "ringback_projection_bytes",
    "Bytes in use of the index that lists come from",
    projectionBytes,
  );
  registry.gauge(
    "ringback_projection_limit_bytes",
    "Bytes that the index may have; from 90 % on lists forget their oldest rows",
    projectionMaxBytes,
  );
};

const warningCounter = (registry: Metrics): SubscriptionsMetrics["warnedOf"] => {
  const warnings = registry.counter<"event_type" | "field">(
    "ringback_event_warnings_total",
    "What schemas of workspaces' own event types do not fit in published events; these are delivered",
    { event_type: [OF_OWN_TYPES.event_type], field: [OF_OWN_TYPES.field] },
  );
  return (count) => warnings.inc(OF_OWN_TYPES, count);
};

const classOf = (status: number): string => `${Math.floor(status / 100)}xx`;
