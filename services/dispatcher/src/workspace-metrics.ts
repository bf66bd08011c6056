import type { Metrics } from "@ringback/runtime/telemetry/metrics";
import { namedWorkspaces } from "./observe/decide/named-workspaces.ts";
import type { KnownWorkspaces } from "./subscriptions/known-workspaces.ts";

/** How a delivery ends: the values of the label `result`. */
export const DELIVERY_ENDS = ["delivered", "dead_lettered", "cancelled"] as const;

type DeliveryEnd = (typeof DELIVERY_ENDS)[number];

/** The label of all workspaces that are not named. No id has parentheses, so that no workspace is called so. */
const OTHER = "(other)";

/** What is counted by workspace. Nobody is named before `follow` says which workspaces there are. */
export const workspaceMetrics = (metrics: Metrics) => {
  const outcomes = ["delivered", "failed"] as const;
  const attempts = metrics.counter<"workspace_id" | "outcome">(
    "ringback_workspace_attempts_total",
    "Attempts by workspace (200 that all dispatchers name, then (other))",
    { workspace_id: [], outcome: outcomes },
  );
  const deliveries = metrics.counter<"workspace_id" | "result">(
    "ringback_workspace_deliveries_total",
    "Deliveries that ended, by workspace (200 that all dispatchers name, then (other))",
    { workspace_id: [], result: DELIVERY_ENDS },
  );
  // From zero on, so that the first that is counted of a workspace is an increase.
  const begin = (workspace_id: string): void => {
    for (const outcome of outcomes) attempts.inc({ workspace_id, outcome }, 0);
    for (const result of DELIVERY_ENDS) deliveries.inc({ workspace_id, result }, 0);
  };
  const end = (workspace_id: string): void => {
    for (const outcome of outcomes) attempts.remove({ workspace_id, outcome });
    for (const result of DELIVERY_ENDS) deliveries.remove({ workspace_id, result });
  };
  let known: KnownWorkspaces | undefined;
  let named: ReadonlySet<string> = new Set();
  let seenChanges: number | undefined;
  begin(OTHER);
  const choose = (): void => {
    const changes = known?.changes();
    if (known === undefined || changes === seenChanges) return;
    seenChanges = changes;
    const next = namedWorkspaces(known.ids());
    for (const id of named.difference(next)) end(id);
    for (const id of next.difference(named)) begin(id);
    named = next;
  };
  metrics.gauge("ringback_workspaces", "Workspaces that have an agent or an endpoint", () => {
    choose();
    return known === undefined ? undefined : [...known.ids()].length;
  });
  const label = (workspaceId: string): string => {
    choose();
    return named.has(workspaceId) ? workspaceId : OTHER;
  };
  return {
    /** From now on these workspaces are named, as far as there is room. */
    followWorkspaces: (workspaces: KnownWorkspaces): void => {
      known = workspaces;
    },
    workspaceAttempt: (workspaceId: string, outcome: (typeof outcomes)[number]): void =>
      attempts.inc({ workspace_id: label(workspaceId), outcome }),
    workspaceDelivery: (workspaceId: string, result: DeliveryEnd): void =>
      deliveries.inc({ workspace_id: label(workspaceId), result }),
  };
};
