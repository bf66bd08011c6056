import type { Dashboard, Row } from "./dashboard.ts";
import { NS, quantiles, rateBy, WS } from "./expressions.ts";
import { graph, stat } from "./panel.ts";

const now: Row = {
  title: "Now",
  panels: [
    stat("Attempts now", "reqps", "Requests to customers' endpoints, retries included.", {
      attempts: `sum(namespace:ringback_attempts:rate5m{${NS}})`,
    }),
    stat(
      "Failed now",
      "percentunit",
      "Share of the attempts of 5 minutes that failed at the customers' endpoints.",
      { failed: `max(namespace:ringback_attempt_failures:ratio_rate5m{${NS}})` },
      { levels: [0.05, 0.25], alerts: ["RingbackDeliveryFailuresHigh"] },
    ),
    stat(
      "First attempt after (p99)",
      "s",
      "From the moment that an event is stored to its first request: our own service level.",
      { p99: `max(namespace:ringback_first_attempt_delay_seconds:p99_rate5m{${NS}})` },
      { levels: [1, 5], alerts: ["RingbackFirstAttemptsLate"] },
    ),
    stat(
      "Waiting for first attempt",
      "short",
      "Deliveries that were never attempted, apart from retries. The dashboard Pipeline shows what they wait for.",
      { deliveries: `sum(namespace_reason:ringback_first_attempts_waiting:max{${NS}})` },
      { levels: [1_000, 10_000], alerts: ["RingbackFirstAttemptsLate"] },
    ),
    stat(
      "Workspaces that fail",
      "short",
      "Workspaces of whose attempts of 5 minutes more than half failed.",
      { failing: `sum(namespace:ringback_workspaces_failing:count{${NS}})` },
      { levels: [1, 5], alerts: ["RingbackManyWorkspacesFailing", "RingbackWorkspaceFailing"] },
    ),
    stat(
      "Given up",
      "short",
      "Dead letters in the time that is shown, whatever the reason.",
      { "dead letters": `sum(increase(ringback_dead_letters_total{${NS}}[$__range]))` },
      { levels: [1, 100], alerts: ["RingbackDeadLettersAppear", "RingbackDeadLettersOfOurs"] },
    ),
    stat("Subscriptions", "short", "Event subscriptions of all agents, and the agents.", {
      subscriptions: `max(ringback_subscriptions{${NS}})`,
      agents: `max(ringback_agents{${NS}})`,
    }),
  ],
};

const attempts: Row = {
  title: "Attempts",
  panels: [
    graph(
      "Attempts by outcome",
      "reqps",
      "delivered, or why not. blocked_address: the callback URL led to an address that is not public.",
      {
        "{{outcome}}": `sum by (outcome) (namespace_outcome:ringback_attempts:rate5m{${NS}}) > 0`,
      },
      {
        isStacked: true,
        alerts: ["RingbackDeliveryFailuresHigh", "RingbackBlockedAddressesSpike"],
      },
    ),
    graph(
      "Failed attempts",
      "percentunit",
      "Share of attempts that failed at the customers' endpoints.",
      { "failed {{namespace}}": `namespace:ringback_attempt_failures:ratio_rate5m{${NS}}` },
      { alerts: ["RingbackDeliveryFailuresHigh"] },
    ),
    graph(
      "Attempts by number",
      "reqps",
      "1 is an event's first attempt; many later ones mean endpoints that fail.",
      { "attempt {{attempt}}": rateBy("attempt", "ringback_attempts_total") },
      { isStacked: true },
    ),
    graph(
      "Deliveries that ended",
      "ops",
      "delivered, dead_lettered after the last attempt, or cancelled as the subscription was removed.",
      { "{{result}}": `sum by (result) (namespace_result:ringback_deliveries:rate5m{${NS}})` },
      { isStacked: true, alerts: ["RingbackDeadLettersAppear"] },
    ),
    graph(
      "Dead letters by reason",
      "short",
      "In 5 minutes. exhausted: the endpoint failed each time. invalid_event: a producer's fault. internal, event_expired: ours.",
      { "{{reason}}": `sum by (reason) (increase(ringback_dead_letters_total{${NS}}[5m]))` },
      {
        alerts: ["RingbackDeadLettersAppear", "RingbackDeadLettersOfOurs", "RingbackEventsInvalid"],
      },
    ),
    graph(
      "Events by result",
      "ops",
      "Events that dispatchers took: accepted, without a subscription, or invalid.",
      { "{{result}}": rateBy("result", "ringback_events_total") },
      { isStacked: true, alerts: ["RingbackEventsInvalid"] },
    ),
  ],
};

const durations: Row = {
  title: "How long it takes",
  panels: [
    graph(
      "Attempt",
      "s",
      "From the start of a request to the answer's headers, or to its failure.",
      quantiles("ringback_attempt_duration_seconds", [0.5, 0.99], "outcome"),
    ),
    graph(
      "Event to first attempt",
      "s",
      "Our own service level: 99 % within 5 s. A burst to a slow endpoint is late too: see what was deferred.",
      quantiles("ringback_first_attempt_delay_seconds", [0.5, 0.9, 0.99]),
      { alerts: ["RingbackFirstAttemptsLate"], objective: 5 },
    ),
    graph(
      "Event to delivered",
      "s",
      "With the retries that it took: what the customer feels.",
      quantiles("ringback_delivery_seconds", [0.5, 0.9, 0.99]),
    ),
  ],
};

const workspaces: Row = {
  title: "By workspace: 200, the same in all dispatchers; all others together as `other`",
  panels: [
    graph(
      "Attempts by workspace",
      "reqps",
      "The ten workspaces with the most attempts.",
      {
        "{{workspace_id}}": `topk(10, sum by (workspace_id) (namespace_workspace:ringback_attempts:rate5m{${WS}}))`,
      },
      { isStacked: true },
    ),
    graph(
      "Failed attempts by workspace",
      "percentunit",
      "The ten workspaces with the largest share of attempts that failed.",
      {
        "{{workspace_id}}": `topk(10, max by (workspace_id) (namespace_workspace:ringback_attempt_failures:ratio_rate5m{${WS}}))`,
      },
      { alerts: ["RingbackWorkspaceFailing", "RingbackManyWorkspacesFailing"] },
    ),
    graph(
      "Given up by workspace",
      "short",
      "Deliveries that became dead letters in the hour before each moment; the ten workspaces with the most.",
      {
        "{{workspace_id}}": `topk(10, sum by (workspace_id) (increase(ringback_workspace_deliveries_total{${WS}, result="dead_lettered"}[1h])))`,
      },
      { alerts: ["RingbackWorkspaceGivenUp"] },
    ),
  ],
};

/** What customers see: whether their events arrive, how fast, and whose do not. */
export const delivery: Dashboard = {
  uid: "ringback-delivery",
  title: "Ringback / Delivery",
  description: "What customers see: whether their events arrive, how fast, and whose do not.",
  byWorkspace: true,
  rows: [now, attempts, durations, workspaces],
};
