import type { Row } from "./dashboard.ts";
import { NS, PROCESS } from "./expressions.ts";
import { graph } from "./panel.ts";

/** Why processes do no work, and what runs out before anything fails. */
export const readiness: Row = {
  title: "Ready, and what runs out",
  panels: [
    graph(
      "Not ready, by reason",
      "short",
      "Processes that are not ready: no NATS, no copy of the subscriptions, nothing that can be stored or taken.",
      { "{{reason}}": `sum by (reason) (1 - ringback_ready{${NS}})` },
      { alerts: ["RingbackNotReady", "RingbackNoDispatcherReady"] },
    ),
    graph(
      "Processes that answer",
      "short",
      "Of each job; fewer than are configured: one is down, never came up, or was taken away.",
      { "{{namespace}} {{job}}": `count by (namespace, job) (ringback_build_info{${NS}})` },
      { alerts: ["RingbackNeverCameUp", "RingbackNotScraped", "RingbackInstallationGone"] },
    ),
    graph(
      "Memory of its limit",
      "percentunit",
      "Resident memory of what the container may use, and the heap of what Node.js allows. Empty without limits.",
      {
        [PROCESS]: `job_instance:ringback_memory:ratio{${NS}}`,
        [`heap ${PROCESS}`]: `job_instance:ringback_heap:ratio{${NS}}`,
      },
      { alerts: ["RingbackMemoryNearLimit"] },
    ),
    graph(
      "Streams in four hours",
      "bytes",
      "Size of each stream in four hours if it grows as in the last half hour.",
      {
        "{{stream}}": `max by (stream) (predict_linear(namespace_stream:ringback_stream_size_bytes:max{${NS}}[30m], 4 * 3600))`,
      },
      { alerts: ["RingbackStreamFillsUp"] },
    ),
    graph(
      "Events without a subscription",
      "percentunit",
      "Share of the events that no subscription takes.",
      {
        "{{namespace}}": `sum by (namespace) (rate(ringback_events_total{${NS}, result="no_subscription"}[30m])) / sum by (namespace) (rate(ringback_events_total{${NS}}[30m]))`,
      },
      { alerts: ["RingbackNoSubscriptionHigh"] },
    ),
    graph(
      "Entries of the audit lost",
      "short",
      "In 5 minutes: AUDIT could not be written, and who did what is not known of these.",
      { "{{namespace}}": `sum by (namespace) (increase(ringback_audit_lost_total{${NS}}[5m]))` },
      { alerts: ["RingbackAuditLost"] },
    ),
    graph(
      "Spans lost",
      "ops",
      "Parts of traces that the collector did not take, or not soon enough.",
      {
        "{{reason}}": `sum by (reason) (rate(ringback_spans_dropped_total{${NS}}[$__rate_interval]))`,
      },
      { alerts: ["RingbackSpansDropped"] },
    ),
    graph(
      "Age of the last backup",
      "s",
      "Empty where no job writes ringback_backup_last_success_timestamp_seconds.",
      {
        "{{namespace}}": `time() - max by (namespace) (ringback_backup_last_success_timestamp_seconds{${NS}})`,
      },
      { alerts: ["RingbackBackupOld"] },
    ),
    graph(
      "Storage of NATS servers",
      "percentunit",
      "Of max_file_store, where prometheus-nats-exporter runs beside the servers; empty elsewhere.",
      {
        "{{server_id}}": `max by (server_id) ((gnatsd_varz_jetstream_stats_storage{${NS}} or nats_varz_jetstream_stats_storage{${NS}}) / (gnatsd_varz_jetstream_config_max_storage{${NS}} or nats_varz_jetstream_config_max_storage{${NS}}))`,
      },
      { alerts: ["RingbackNatsStorageNearLimit"] },
    ),
  ],
};
