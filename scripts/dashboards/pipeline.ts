import type { Dashboard, Row } from "./dashboard.ts";
import { NS, quantiles, rateBy } from "./expressions.ts";
import { graph, stat } from "./panel.ts";
import { readiness } from "./readiness.ts";
import { api, firing, serviceLevels } from "./service-levels.ts";

const now: Row = {
  title: "Now",
  panels: [
    stat(
      "Backlog",
      "short",
      "Events that are stored and that no dispatcher has taken yet.",
      { events: `max(namespace:ringback_backlog_events:max{${NS}})` },
      { levels: [1, 1_000], alerts: ["RingbackDeliveringStopped", "RingbackBacklogGrowing"] },
    ),
    stat(
      "Never attempted",
      "short",
      "Deliveries whose first attempt still waits, whatever for: a dispatcher, its endpoint, its turn.",
      { deliveries: `sum(namespace_reason:ringback_first_attempts_waiting:max{${NS}})` },
      { levels: [1_000, 10_000], alerts: ["RingbackFirstAttemptsLate"] },
    ),
    stat(
      "Deferred and retries",
      "short",
      "What waits on RETRIES and is not due yet.",
      {
        retries: `max(namespace:ringback_retries_waiting:max{${NS}})`,
      },
      { levels: [10_000, 100_000] },
    ),
    stat(
      "Most overdue retry",
      "s",
      "0 when all came back in time. not due: NATS did not make it due in time, and beyond a minute publishing it again did not help. not taken: it is due, and no dispatcher takes it.",
      {
        "not due": `max(ringback_retry_overdue_seconds{${NS}})`,
        "not taken": `max(ringback_backlog_retries_oldest_seconds{${NS}})`,
      },
      { levels: [10, 60], alerts: ["RingbackRetriesOverdue"] },
    ),
    stat(
      "Places in use",
      "percentunit",
      "Attempts at this moment, of those that the workspaces with attempts may have. Above 1: endpoints that respond soon use what is kept back.",
      { "in use": `max(namespace:ringback_attempts_in_flight:ratio{${NS}})` },
      { levels: [0.7, 0.9], alerts: ["RingbackInFlightNearLimit"] },
    ),
    stat(
      "Dispatchers",
      "short",
      "Dispatchers that Prometheus sees.",
      { dispatchers: `count(ringback_attempts_in_flight_limit{${NS}})` },
      { levels: [2, 1], alerts: ["RingbackDispatcherMissing", "RingbackDispatchersDisagree"] },
    ),
    stat(
      "Subscriptions services",
      "short",
      "Processes of the API that Prometheus sees.",
      { services: `count(ringback_config_conflicts_total{${NS}})` },
      { levels: [2, 1], alerts: ["RingbackSubscriptionsMissing"] },
    ),
  ],
};

const work: Row = {
  title: "Work",
  panels: [
    graph(
      "Backlog over time",
      "short",
      "events: stored, and taken by no dispatcher. for dispatchers: all that more of them can help with, what the autoscaler goes by.",
      {
        "events {{namespace}}": `namespace:ringback_backlog_events:max{${NS}}`,
        "for dispatchers {{namespace}}": `namespace:ringback_dispatcher_backlog:max{${NS}}`,
      },
      { alerts: ["RingbackBacklogGrowing", "RingbackDeliveringStopped"] },
    ),
    graph(
      "Never attempted, by what they wait for",
      "short",
      "backlog, due, dispatcher_busy: more dispatchers help. endpoint_busy, origin_busy, rate_limited: the customer's endpoint. paused, order: as the customer wants it. own_fault: ours.",
      {
        "{{reason}}": `sum by (reason) (namespace_reason:ringback_first_attempts_waiting:max{${NS}})`,
      },
      { isStacked: true, alerts: ["RingbackFirstAttemptsLate", "RingbackBacklogGrowing"] },
    ),
    graph(
      "Oldest that was never attempted",
      "s",
      "Since when the oldest event waits for its first attempt, by what it waits for.",
      {
        "{{reason}}": `max by (reason) (namespace_reason:ringback_first_attempts_waiting_oldest_seconds:max{${NS}})`,
      },
      { alerts: ["RingbackFirstAttemptsLate"] },
    ),
    graph("Events taken and attempts made", "ops", "What goes through the dispatchers.", {
      "events {{namespace}}": `namespace:ringback_events:rate5m{${NS}}`,
      "attempts {{namespace}}": `namespace:ringback_attempts:rate5m{${NS}}`,
    }),
    graph(
      "Attempts at once",
      "short",
      "In each dispatcher, how many of them the workspaces with attempts may have, and the limit (MAX_IN_FLIGHT).",
      {
        "{{instance}}": `ringback_attempts_in_flight{${NS}}`,
        "usable {{instance}}": `ringback_attempts_in_flight_usable{${NS}}`,
        "limit {{instance}}": `ringback_attempts_in_flight_limit{${NS}}`,
      },
      { alerts: ["RingbackInFlightNearLimit"] },
    ),
    graph(
      "Faults of our own",
      "ops",
      "Deliveries held back: resources (descriptors, memory), network, secret (a key is missing), unexpected (see the log).",
      { "{{fault}}": rateBy("fault", "ringback_own_faults_total") },
      { isStacked: true, alerts: ["RingbackOwnFaults"] },
    ),
    graph(
      "Deferred",
      "ops",
      "Put off without an attempt: dispatcher_busy has no permit left for it, endpoint_busy has more than it can take, origin_busy is a host that is down or has no connection free, rate_limited more than its rate_limit.",
      { "{{reason}}": rateBy("reason", "ringback_deferred_total") },
      { isStacked: true },
    ),
    graph(
      "What dispatchers count",
      "short",
      "How many dispatchers each believes to run: they share the limits of subscriptions by it.",
      { "{{instance}}": `ringback_dispatchers{${NS}}` },
      { alerts: ["RingbackDispatchersDisagree"] },
    ),
  ],
};

const retries: Row = {
  title: "Retries",
  panels: [
    graph("Deferred and retries over time", "short", "What waits on RETRIES and is not due yet.", {
      "retries {{namespace}}": `namespace:ringback_retries_waiting:max{${NS}}`,
    }),
    graph(
      "How late retries are",
      "s",
      "From the time that a retry was due to its start.",
      quantiles("ringback_retry_lateness_seconds", [0.5, 0.99]),
      { alerts: ["RingbackRetriesOverdue"] },
    ),
    graph(
      "Retries published again",
      "short",
      "In 5 minutes. overdue: its schedule did not fire. missing: there was none. Both are rare.",
      { "{{reason}}": `sum by (reason) (increase(ringback_retries_republished_total{${NS}}[5m]))` },
      { alerts: ["RingbackRetriesRepublished", "RingbackRetriesOverdue"] },
    ),
  ],
};

const streams: Row = {
  title: "Streams",
  panels: [
    graph("Size of streams", "bytes", "On each of a stream's servers.", {
      "{{stream}}": `max by (stream) (namespace_stream:ringback_stream_size_bytes:max{${NS}})`,
    }),
    graph(
      "Fill of streams with a limit",
      "percentunit",
      "EVENTS refuses events when it is full. Empty where no stream has a limit (EVENTS_MAX_BYTES).",
      { "{{stream}}": `max by (stream) (namespace_stream:ringback_stream_fill:ratio{${NS}})` },
      { alerts: ["RingbackStreamNearLimit"] },
    ),
    graph("Messages in streams", "short", "As the dispatchers last saw them.", {
      "{{stream}}": `max by (stream) (ringback_stream_messages{${NS}})`,
    }),
    graph(
      "Operational events lost",
      "short",
      "In 5 minutes: OPERATIONS could not be written for long, and customers were not told.",
      { "{{kind}}": `sum by (kind) (increase(ringback_operations_dropped_total{${NS}}[5m]))` },
      { alerts: ["RingbackOperationsDropped"] },
    ),
  ],
};

/** What those who run Ringback look at: whether work flows, and what holds it up. */
export const pipeline: Dashboard = {
  uid: "ringback-pipeline",
  title: "Ringback / Pipeline",
  description: "What those who run Ringback look at: whether work flows, and what holds it up.",
  rows: [now, firing, serviceLevels, readiness, work, retries, streams, api],
};
