import type { Metrics } from "@ringback/runtime/telemetry/metrics";

/** How a delivery ends: the values of the label `result`. */
export const DELIVERY_ENDS = ["delivered", "dead_lettered", "cancelled"] as const;

type DeliveryEnd = (typeof DELIVERY_ENDS)[number];

/** A label for every workspace would grow the page without bound. */
const MAX_WORKSPACES = 200;

/** The label `workspace_id`: the first 200 workspaces by name, the others together. */
const cappedWorkspaces = (onFirst: (label: string) => void): ((workspaceId: string) => string) => {
  const seen = new Set<string>();
  return (workspaceId) => {
    const isShown = seen.has(workspaceId) || seen.size < MAX_WORKSPACES;
    const label = isShown ? workspaceId : "other";
    if (!seen.has(label)) onFirst(label);
    seen.add(label);
    return label;
  };
};

/** What is counted by workspace. */
export const workspaceMetrics = (metrics: Metrics) => {
  const outcomes = ["delivered", "failed"] as const;
  const attempts = metrics.counter<"workspace_id" | "outcome">(
    "ringback_workspace_attempts_total",
    "Attempts by workspace (the first 200, then other)",
    { workspace_id: [], outcome: outcomes },
  );
  const deliveries = metrics.counter<"workspace_id" | "result">(
    "ringback_workspace_deliveries_total",
    "Deliveries that ended, by workspace (the first 200, then other)",
    { workspace_id: [], result: DELIVERY_ENDS },
  );
  const label = cappedWorkspaces((workspace_id) => {
    for (const outcome of outcomes) attempts.inc({ workspace_id, outcome }, 0);
    for (const result of DELIVERY_ENDS) deliveries.inc({ workspace_id, result }, 0);
  });
  return {
    workspaceAttempt: (workspaceId: string, outcome: (typeof outcomes)[number]): void =>
      attempts.inc({ workspace_id: label(workspaceId), outcome }),
    workspaceDelivery: (workspaceId: string, result: DeliveryEnd): void =>
      deliveries.inc({ workspace_id: label(workspaceId), result }),
  };
};
