import type { Row } from "./dashboard.ts";
import { NS, quantiles, rateBy } from "./expressions.ts";
import { graph, type Panel, stat, table } from "./panel.ts";

/** Other programs count their requests under the same name. */
const OUR_ROUTES = `${NS}, route=~"/ca/api/.+"`;

interface Level {
  readonly title: string;
  readonly name: string;
  /** The largest share in 30 days. */
  readonly objective: number;
  readonly description: string;
  readonly alert: string;
}

const LEVELS: readonly Level[] = [
  {
    title: "First attempts that are late",
    name: "ringback_first_attempts_late",
    objective: 0.01,
    description: "Share that began more than 5 s after the event was stored, or waits for longer.",
    alert: "RingbackFirstAttemptsLate",
  },
  {
    title: "Tries that met a fault of our own",
    name: "ringback_own_faults",
    objective: 0.001,
    description: "Share of deliveries that were held back or failed through us.",
    alert: "RingbackOwnFaults",
  },
  {
    title: "API requests answered 5xx",
    name: "ringback_api_errors",
    objective: 0.001,
    description: "Share of requests.",
    alert: "RingbackApiErrors",
  },
];

const burn = ({ title, name, objective, description, alert }: Level): Panel =>
  graph(
    title,
    "percentunit",
    `${description} The line is the objective: at most ${objective * 100} % in 30 days.`,
    Object.fromEntries(
      ["5m", "1h", "6h", "3d"].map((window) => [
        `${window} {{namespace}}`,
        `namespace:${name}:ratio_rate${window}{${NS}}`,
      ]),
    ),
    { alerts: [alert], objective },
  );

const budget = ({ title, name, objective, alert }: Level): Panel =>
  stat(
    `Budget left: ${title}`,
    "percentunit",
    "Of what may go wrong in 30 days, so much is left if they go on as the last 3 days: 100 % is nothing wrong, 0 % is all of it.",
    { left: `clamp_min(1 - max(namespace:${name}:ratio_rate3d{${NS}}) / ${objective}, 0)` },
    { alerts: [alert], levels: [0.5, 0.1] },
  );

/** What fires at this moment: the first thing that is looked at. */
export const firing: Row = {
  title: "What fires now",
  panels: [
    table(
      "Alerts that fire now",
      "short",
      "Of the installations that were chosen; each has its runbook. Empty when nothing fires.",
      {
        alerts: `count by (alertname, severity, namespace, component, pod, instance, workspace_id, stream) (ALERTS{alertname=~"Ringback.+", alertstate="firing", ${NS}})`,
      },
    ),
  ],
};

/** What was promised, and how much of it was kept lately. */
export const serviceLevels: Row = {
  title: "Service levels",
  panels: [...LEVELS.map(budget), ...LEVELS.map(burn)],
};

/** What callers of the API see. */
export const api: Row = {
  title: "API",
  panels: [
    graph(
      "Requests by status",
      "reqps",
      "5xx is ours, 4xx the caller's.",
      {
        "{{status_class}}": rateBy(
          "status_class",
          "http_request_duration_seconds_count",
          OUR_ROUTES,
        ),
      },
      { isStacked: true, alerts: ["RingbackApiErrors"] },
    ),
    graph(
      "Time to answer",
      "s",
      "From a request's arrival to the end of its answer.",
      quantiles("http_request_duration_seconds", [0.5, 0.99], undefined, OUR_ROUTES),
    ),
    graph(
      "Changes and conflicts",
      "ops",
      "Stored changes by type; conflict: decided anew, as another change of the same agent came first.",
      {
        "{{type}}": rateBy("type", "ringback_config_changes_total"),
        conflict: `sum(rate(ringback_config_conflicts_total{${NS}}[$__rate_interval]))`,
      },
      { alerts: ["RingbackConfigConflictsHigh"] },
    ),
    graph(
      "Lists behind the streams",
      "short",
      "Stored messages that the index behind the API's lists does not have yet.",
      { "{{instance}} {{stream}}": `ringback_projection_lag_messages{${NS}}` },
      { alerts: ["RingbackListsBehind"] },
    ),
    graph(
      "Size of the index of lists",
      "bytes",
      "What the index behind the API's lists holds, and its limit: from 90 % on it drops its oldest rows.",
      {
        "{{namespace}} {{instance}}": `ringback_projection_bytes{${NS}}`,
        "limit {{namespace}}": `max by (namespace) (ringback_projection_limit_bytes{${NS}})`,
      },
      { alerts: ["RingbackIndexNearLimit"] },
    ),
  ],
};
