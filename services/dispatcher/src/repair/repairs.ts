import type { RetryMessage } from "@ringback/contracts/deliveries/retry-message";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { OverdueWatchPolicy } from "./decide/due.ts";
import type { RetryPolicy } from "../delivery/decide/retry.ts";
import type { DeliveryStore } from "../settle/delivery-store.ts";
import type { DispatcherMetrics } from "../metrics.ts";

export type OverdueWatchDeps = {
  readonly nats: Nats;
  readonly store: Pick<DeliveryStore, "replaceSchedule" | "pendingRetry" | "readLastRecord">;
  readonly metrics: Pick<DispatcherMetrics, "retriesRepublished">;
  readonly log: Logger;
  readonly policy: OverdueWatchPolicy;
  readonly operatorsPolicy: { readonly retry: RetryPolicy };
  readonly now: () => number;
};

/** What one round of the watch has found. */
export type Findings = {
  /** How long the retry is overdue that is most overdue of those found; 0: none. */
  mostOverdueMs: number;
  overdue: number;
  missing: number;
  /** One of the deliveries that were published again, for the log. */
  example: RetryMessage | undefined;
};

export const nothingFound = (): Findings => ({
  mostOverdueMs: 0,
  overdue: 0,
  missing: 0,
  example: undefined,
});

/** More than this is left to the next round, so that one round has an end. */
const MAX_REPAIRS = 4_000;

export const isFull = ({ overdue, missing }: Findings, toCome = 0): boolean =>
  overdue + missing + toCome >= MAX_REPAIRS;

/** Counts a retry that was published again. */
export const countRepair = (
  findings: Findings,
  reason: "overdue" | "missing",
  retry: RetryMessage,
  metrics: OverdueWatchDeps["metrics"],
): void => {
  findings[reason] += 1;
  findings.example ??= retry;
  metrics.retriesRepublished.inc({ reason });
};

export const noteOverdue = (findings: Findings, overdueMs: number): void => {
  findings.mostOverdueMs = Math.max(findings.mostOverdueMs, overdueMs);
};

export const REQUESTS_AT_ONCE = 32;
