import type { Row } from "./dashboard.ts";
import { NS, quantiles, rateBy } from "./expressions.ts";
import { graph } from "./panel.ts";

/** Other programs count their requests under the same name. */
const OUR_ROUTES = `${NS}, route=~"/ca/api/.+"`;

const burn = (title: string, name: string, description: string, alert: string) =>
  graph(
    title,
    "percentunit",
    description,
    Object.fromEntries(
      ["5m", "1h", "6h", "3d"].map((window) => [
        `${window} {{namespace}}`,
        `namespace:${name}:ratio_rate${window}{${NS}}`,
      ]),
    ),
    { alerts: [alert] },
  );

/** What was promised, and how much of it was kept lately. */
export const serviceLevels: Row = {
  title: "Service levels",
  panels: [
    burn(
      "First attempts that are late",
      "ringback_first_attempts_late",
      "Share that began more than 5 s after the event was stored, or waits for longer. Objective: at most 1 % in 30 days.",
      "RingbackFirstAttemptsLate",
    ),
    burn(
      "Tries that met a fault of our own",
      "ringback_own_faults",
      "Share of deliveries that were held back or failed through us. Objective: at most 0.1 % in 30 days.",
      "RingbackOwnFaults",
    ),
    burn(
      "API requests answered 5xx",
      "ringback_api_errors",
      "Share of requests. Objective: at most 0.1 % in 30 days.",
      "RingbackApiErrors",
    ),
  ],
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
        "{{instance}}": `ringback_projection_bytes{${NS}}`,
        limit: `max(ringback_projection_limit_bytes{${NS}})`,
      },
      { alerts: ["RingbackIndexNearLimit"] },
    ),
  ],
};
