import type { RetryMessage } from "@ringback/contracts/deliveries/retry-message";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { RepairPolicy } from "./decide/due.ts";
import type { RetryPolicy } from "../delivery/decide/retry.ts";
import type { DeliveryStore } from "../settle/delivery-store.ts";
import type { DispatcherMetrics } from "../metrics.ts";

export type RepairDeps = {
  readonly nats: Nats;
  readonly store: Pick<
    DeliveryStore,
    "eventId" | "replaceSchedule" | "pendingRetry" | "readLastRecord" | "isDeadLettered"
  >;
  readonly metrics: Pick<DispatcherMetrics, "retriesRepublished">;
  readonly log: Logger;
  readonly policy: RepairPolicy;
  readonly operatorsPolicy: { readonly retry: RetryPolicy };
  readonly now: () => number;
};

/** What one round has found and published again. */
export type Repairs = {
  maxOverdueMs: number;
  overdue: number;
  missing: number;
  /** One of the retries that were published again, for the log. */
  example: RetryMessage | undefined;
};

/** The next round takes the rest, so that each round ends. */
const MAX_REPAIRS = 4_000;

export const isFull = ({ overdue, missing }: Repairs, planned = 0): boolean =>
  overdue + missing + planned >= MAX_REPAIRS;

export const MAX_CONCURRENT_REPAIRS = 32;

/** A retry to publish again. */
export type OverdueRetry = {
  readonly retry: RetryMessage;
  readonly overdueMs: number;
  /** The sequence of its schedule; 0: there is none. */
  readonly scheduleSeq: number;
  /** When NATS should have fired that. */
  readonly atMs?: number;
};

/** Publishes a retry again, and counts it, unless its schedule has fired or changed meanwhile. */
export const republish = async (
  { retry, overdueMs, scheduleSeq, atMs }: OverdueRetry,
  reason: "overdue" | "missing",
  repairs: Repairs,
  { store, metrics }: RepairDeps,
): Promise<void> => {
  noteOverdue(repairs, overdueMs);
  if ((await store.replaceSchedule(retry, scheduleSeq, atMs)) === "conflict") return;
  repairs[reason] += 1;
  repairs.example ??= retry;
  metrics.retriesRepublished.inc({ reason });
};

export const noteOverdue = (repairs: Repairs, overdueMs: number): void => {
  repairs.maxOverdueMs = Math.max(repairs.maxOverdueMs, overdueMs);
};
