import { DEAD_LETTER_REASONS } from "@ringback/contracts/deliveries/dead-letter";
import { DEFERRED_FOR } from "@ringback/contracts/deliveries/retry-message";
import { FAILURE_REASONS } from "@ringback/contracts/deliveries/attempt";
import { CONFIGURATION_EVENT_TYPES } from "@ringback/contracts/agents/agent";
import { ENDPOINT_EVENT_TYPES } from "@ringback/contracts/endpoints/endpoint-event";
import { EVENT_TYPE_LABELS } from "@ringback/contracts/events/event-types";
import { OPERATION_KINDS } from "@ringback/contracts/streams/operation-subjects";
import { createMetrics } from "@ringback/runtime/telemetry/metrics";
import { describe, expect, test } from "vitest";
import { readDispatcherSettings } from "../../services/dispatcher/src/config.ts";
import type { DispatcherState } from "../../services/dispatcher/src/health.ts";
import { exportState } from "../../services/dispatcher/src/gauges.ts";
import { dispatcherMetrics } from "../../services/dispatcher/src/metrics.ts";
import { apiOfNothing } from "../../scripts/openapi/document.ts";
import { PROJECTED_STREAMS } from "../../services/subscriptions/src/projection/file/positions.ts";
import { createSubscriptionsMetrics } from "../../services/subscriptions/src/metrics.ts";
import { parseMetrics } from "../harness/process/prometheus-text.ts";

/** Type, then each label with all its values; `any` where they are not known beforehand. */
type Promised = {
  readonly type: string;
  readonly labels?: Record<string, readonly string[] | "any">;
};

const ANY_TYPE = [...EVENT_TYPE_LABELS, "unknown"];
const ENDS = ["delivered", "dead_lettered", "cancelled"];
const BOTH = ["delivered", "failed"];

const OF_ALL: Record<string, Promised> = {
  ringback_build_info: { type: "gauge", labels: { version: ["1.2.3"], node: [process.version] } },
  ringback_heap_limit_bytes: { type: "gauge" },
  ringback_memory_limit_bytes: { type: "gauge" }, // its series only where there is a limit
  ringback_clock_offset_seconds: { type: "gauge" },
  ringback_trace_exports_failed_total: { type: "counter" },
  ringback_spans_dropped_total: {
    type: "counter",
    labels: { reason: ["queue_full", "export_failed"] },
  },
  ringback_nats_connected: { type: "gauge" },
  ringback_subscriptions: { type: "gauge" },
  ringback_agents: { type: "gauge" },
  ringback_endpoints: { type: "gauge" },
  ringback_subscriptions_view_age_seconds: { type: "gauge" },
};

const DESTINATIONS = ["agent", "endpoint"];

const WAITS_FOR = ["backlog", "due", ...DEFERRED_FOR];

const OF_DISPATCHER: Record<string, Promised> = {
  ringback_events_total: {
    type: "counter",
    labels: { event_type: ANY_TYPE, result: ["accepted", "no_subscription", "invalid"] },
  },
  ringback_attempts_total: {
    type: "counter",
    labels: {
      event_type: EVENT_TYPE_LABELS,
      outcome: ["delivered", ...FAILURE_REASONS],
      attempt: ["1", "2", "3", "4", "5+"],
    },
  },
  ringback_workspace_attempts_total: {
    type: "counter",
    labels: { workspace_id: "any", outcome: BOTH },
  },
  ringback_workspace_deliveries_total: {
    type: "counter",
    labels: { workspace_id: "any", result: ENDS },
  },
  ringback_attempt_duration_seconds: {
    type: "histogram",
    labels: { outcome: BOTH, destination: DESTINATIONS },
  },
  ringback_first_attempt_delay_seconds: { type: "histogram" },
  ringback_delivery_seconds: { type: "histogram" },
  ringback_deliveries_total: {
    type: "counter",
    labels: { event_type: EVENT_TYPE_LABELS, result: ENDS, destination: DESTINATIONS },
  },
  ringback_dead_letters_total: {
    type: "counter",
    labels: { reason: DEAD_LETTER_REASONS, destination: [...DESTINATIONS, "none"] },
  },
  ringback_retries_scheduled_total: {
    type: "counter",
    labels: { attempt: ["2", "3", "4", "5+"] },
  },
  ringback_retry_overdue_seconds: { type: "gauge" },
  ringback_retries_republished_total: {
    type: "counter",
    labels: { reason: ["overdue", "missing"] },
  },
  ringback_operations_dropped_total: { type: "counter", labels: { kind: OPERATION_KINDS } },
  ringback_resent_total: { type: "counter" },
  ringback_operations_total: { type: "counter", labels: { kind: OPERATION_KINDS } },
  ringback_retry_lateness_seconds: { type: "histogram" },
  ringback_attempts_in_flight: { type: "gauge" },
  ringback_attempts_in_flight_limit: { type: "gauge" },
  ringback_attempts_in_flight_usable: { type: "gauge" },
  ringback_first_attempts_waiting: { type: "gauge", labels: { reason: WAITS_FOR } },
  ringback_first_attempts_waiting_late: { type: "gauge", labels: { reason: WAITS_FOR } },
  ringback_first_attempts_waiting_oldest_seconds: { type: "gauge", labels: { reason: WAITS_FOR } },
  ringback_deferred_total: {
    type: "counter",
    labels: { reason: DEFERRED_FOR.filter((reason) => reason !== "own_fault") },
  },
  ringback_order_waiting: { type: "gauge" },
  ringback_order_given_up_total: { type: "counter" },
  ringback_backlog_events: { type: "gauge" },
  ringback_backlog_retries: { type: "gauge" },
  ringback_backlog_retries_oldest_seconds: { type: "gauge" },
  ringback_retries_waiting: { type: "gauge" },
  ringback_workspaces: { type: "gauge" },
  // Beyond what was promised: how many share the limits of subscriptions.
  ringback_dispatchers: { type: "gauge" },
  // Also: how large each stream is, for those who watch that it does not fill up.
  ringback_stream_messages: { type: "gauge", labels: { stream: ["EVENTS", "RETRIES"] } },
  ringback_stream_size_bytes: { type: "gauge", labels: { stream: ["EVENTS", "RETRIES"] } },
  ringback_stream_limit_bytes: { type: "gauge", labels: { stream: ["EVENTS"] } },
  // Also: faults of our own, by which customers' attempts are not used up.
  ringback_own_faults_total: {
    type: "counter",
    labels: { fault: ["resources", "network", "secret", "storage", "unexpected"] },
  },
};

const DISPATCHER_IS_READY = ["stopping", "nats", "subscriptions_view", "storage", "intake"];

const OF_SUBSCRIPTIONS: Record<string, Promised> = {
  ringback_event_warnings_total: {
    type: "counter",
    labels: { event_type: ["custom"], field: ["other"] },
  },
  ringback_config_changes_total: {
    type: "counter",
    labels: { type: [...CONFIGURATION_EVENT_TYPES, ...ENDPOINT_EVENT_TYPES] },
  },
  ringback_config_conflicts_total: { type: "counter" },
  ringback_streams_open: { type: "gauge" },
  ringback_audit_lost_total: { type: "counter" },
  ringback_projection_bytes: { type: "gauge" },
  ringback_projection_limit_bytes: { type: "gauge" },
  ringback_projection_lag_messages: {
    type: "gauge",
    labels: { stream: ["events", "attempts", "dead_letters"] },
  },
  http_request_duration_seconds: {
    type: "histogram",
    labels: { method: "any", route: "any", status_class: ["2xx", "4xx", "5xx"] },
  },
};

/** A dispatcher that leads and knows all that it may; the parts that no gauge reads are left out. */
const KNOWN = {
  nats: { isConnected: () => true, problem: () => undefined },
  view: {
    following: {
      isCaughtUp: () => true,
      isCurrent: () => true,
      unavailable: () => undefined,
      ageMs: () => 0,
    },
    counts: () => ({ agents: 0, subscriptions: 0, endpoints: 0 }),
  },
  clock: { isKnown: () => true, aheadMs: () => 0, nowMs: () => 0 },
  firstAttempts: {
    counts: () =>
      new Map(DEFERRED_FOR.map((one) => [one, { waiting: 0, late: 0, oldestAtMs: undefined }])),
  },
  membership: { counted: () => 1 },
  observed: {
    sizes: () =>
      new Map([
        ["EVENTS", { messages: 1, bytes: 300, maxBytes: 1_000 }],
        ["RETRIES", { messages: 0, bytes: 0, maxBytes: undefined }],
      ]),
    backlog: () => ({ waiting: 0, late: 0, oldestAtMs: undefined }),
    retries: () => ({ scheduled: 0, due: 0 }),
    dueRetries: () => ({ oldestAtMs: undefined, first: { storedMs: [], each: 1 } }),
  },
  retryOverdueMs: 0,
} as unknown as DispatcherState;

const dispatcherPage = async (): Promise<string> => {
  const registry = createMetrics("1.2.3");
  const own = dispatcherMetrics(registry);
  exportState(registry, KNOWN, readDispatcherSettings({ ALLOW_PLAINTEXT_HEADERS: "true" }));
  own.followWorkspaces({ ids: () => ["w1"], changes: () => 1 });
  return (await registry.page()).text;
};

const subscriptionsPage = async (): Promise<string> => {
  const gauges = {
    agents: () => 0,
    subscriptions: () => 0,
    endpoints: () => 0,
    isConnected: () => true,
    viewAgeSeconds: () => 0,
    streams: () => 0,
    clockOffsetSeconds: () => 0,
    projectionBytes: () => 0,
    projectionMaxBytes: () => 1,
    projectionLag: () => new Map(PROJECTED_STREAMS.map((stream) => [stream, 0])),
  };
  const metrics = createSubscriptionsMetrics("1.2.3", gauges);
  await using api = apiOfNothing([], { metrics });
  await api.ready();
  return (await metrics.registry.page()).text;
};

const isOurs = (name: string): boolean => /^(ringback_|http_)/.test(name);

/** The metrics of a page in the form of a promise. */
const foundOn = (page: string): Record<string, Required<Promised>> => {
  const { series } = parseMetrics(page);
  const types = [...page.matchAll(/^# TYPE (\S+) (\S+)$/gm)].filter(([, name = ""]) =>
    isOurs(name),
  );
  return Object.fromEntries(
    types.map(([, name = "", type = ""]) => {
      const counted = type === "histogram" ? `${name}_count` : name;
      const labels: Record<string, string[]> = {};
      for (const one of series.filter((s) => s.name === counted)) {
        for (const [label, value] of Object.entries(one.labels)) (labels[label] ??= []).push(value);
      }
      const unique = Object.entries(labels).map(([k, v]) => [k, [...new Set(v)].toSorted()]);
      return [name, { type, labels: Object.fromEntries(unique) }];
    }),
  );
};

const asFound = (promised: Record<string, Promised>) =>
  Object.fromEntries(
    Object.entries(promised).map(([name, { type, labels = {} }]) => {
      const values = Object.entries(labels).map(([label, known]) => [
        label,
        known === "any" ? expect.any(Array) : known.toSorted(),
      ]);
      return [name, { type, labels: Object.fromEntries(values) }];
    }),
  );

describe("every metric that is promised is there with its labels and their values, and no other", () => {
  test("of the dispatcher", async () => {
    const ready = { type: "gauge", labels: { reason: DISPATCHER_IS_READY } };
    const promised = asFound({ ...OF_ALL, ...OF_DISPATCHER, ringback_ready: ready });
    expect(foundOn(await dispatcherPage())).toEqual(promised);
  });

  test("of the subscriptions service", async () => {
    const promised = asFound({ ...OF_ALL, ...OF_SUBSCRIPTIONS });
    expect(foundOn(await subscriptionsPage())).toEqual(promised);
  });
});

test("every series of ours that counts starts at zero", async () => {
  for (const page of [await dispatcherPage(), await subscriptionsPage()]) {
    const counting = parseMetrics(page).series.filter(({ name }) =>
      /^(ringback|http)_.*_(total|count|sum|bucket)$/.test(name),
    );
    const started = counting.filter(({ name, value }) => !/_workspace_/.test(name) && value !== 0);
    expect([counting.length > 0, started]).toEqual([true, []]);
  }
});

test("what waits and is of an unknown age has no age, as 0 would say that it came just now", async () => {
  const registry = createMetrics("1.2.3");
  const observed = {
    ...KNOWN.observed,
    backlog: () => ({ waiting: 3, late: 0, oldestAtMs: undefined }),
    retries: () => ({ scheduled: 0, due: 2 }),
  };
  const settings = readDispatcherSettings({ ALLOW_PLAINTEXT_HEADERS: "true" });
  exportState(registry, { ...KNOWN, observed } as DispatcherState, settings);
  const page = parseMetrics((await registry.page()).text);
  const oldest = "ringback_first_attempts_waiting_oldest_seconds";
  const of = (reason: string) => page.series.filter((s) => s.labels["reason"] === reason);
  expect(of("backlog").filter(({ name }) => name === oldest)).toEqual([]);
  expect(page.value("ringback_first_attempts_waiting", { reason: "backlog" })).toBe(3);
  expect(page.value(oldest, { reason: "due" })).toBe(0);
  const names = page.series.map(({ name }) => name);
  expect(names).toContain("ringback_backlog_retries");
  expect(names).not.toContain("ringback_backlog_retries_oldest_seconds");
});

test("what a dispatcher cannot know has no series, as 0 would say that nothing waits", async () => {
  const registry = createMetrics("1.2.3");
  exportState(registry, {}, readDispatcherSettings({ ALLOW_PLAINTEXT_HEADERS: "true" }));
  const page = parseMetrics((await registry.page()).text);
  const found = page.series.filter(({ name }) => name.startsWith("ringback_"));
  expect([...new Set(found.map(({ name }) => name))].toSorted()).toEqual([
    "ringback_attempts_in_flight",
    "ringback_attempts_in_flight_limit",
    "ringback_attempts_in_flight_usable",
    "ringback_build_info",
    "ringback_heap_limit_bytes",
    "ringback_nats_connected",
    "ringback_order_waiting",
    "ringback_ready",
  ]);
  expect(page.value("ringback_ready", { reason: "nats" })).toBe(0);
  expect(page.value("ringback_ready", { reason: "stopping" })).toBe(1);
});
