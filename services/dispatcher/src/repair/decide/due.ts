import { POLICY_BOUNDS } from "@ringback/contracts/agents/delivery-policy";
import type { NextStep } from "@ringback/contracts/deliveries/attempt";
import type { RetryPolicy } from "../../delivery/decide/retry.ts";

export type RepairPolicy = {
  readonly everyMs: number;
  /** Another dispatcher may take over so long after the leader's last round began. */
  readonly leaseMs: number;
  /** A schedule is stuck when it is still stored so long after it was due, and after it was stored. */
  readonly overdueAfterMs: number;
  /** A retry that was due so long ago must be recorded, scheduled or in flight. */
  readonly missingAfterMs: number;
  /** How soon a delivery without its next record is checked again. */
  readonly recheckAfterMs: number;
  /** A missing retry must still be missing so much later. */
  readonly confirmAfterMs: number;
};

export const REPAIR_POLICY: RepairPolicy = {
  everyMs: 10_000,
  leaseMs: 20_000,
  overdueAfterMs: 10_000,
  missingAfterMs: 30_000,
  recheckAfterMs: 60_000,
  confirmAfterMs: 2_000,
};

export type ScheduleState =
  /** Not overdue yet: it would be stuck at `recheckAtMs`. */
  | { readonly kind: "waiting"; readonly recheckAtMs: number }
  /** Overdue, but stored a moment ago: it may be about to fire. */
  | { readonly kind: "late"; readonly recheckAtMs: number; readonly overdueMs: number }
  /** The server should have fired it. */
  | { readonly kind: "stuck"; readonly overdueMs: number };

/** The state of a schedule that is still stored. All times are by the clock of NATS, which fires it. */
export const scheduleState = (
  { dueMs, storedMs }: { readonly dueMs: number; readonly storedMs: number },
  nowMs: number,
  { overdueAfterMs }: Pick<RepairPolicy, "overdueAfterMs">,
): ScheduleState => {
  const overdueMs = nowMs - dueMs;
  if (overdueMs < overdueAfterMs) return { kind: "waiting", recheckAtMs: dueMs + overdueAfterMs };
  if (nowMs - storedMs >= overdueAfterMs) return { kind: "stuck", overdueMs };
  return { kind: "late", recheckAtMs: storedMs + overdueAfterMs, overdueMs };
};

export type RetryState =
  /** No retry follows this record. */
  | { readonly kind: "nothing" }
  | { readonly kind: "waiting"; readonly recheckAtMs: number }
  /** By now the retry must be recorded, scheduled or in flight. */
  | { readonly kind: "overdue"; readonly overdueMs: number };

/**
 * The state of the retry after a record. `storedAfterMs`: how long after the attempt's end, by its dispatcher's
 * clock, NATS stored the record; a retry is as much later as that clock is behind.
 */
export const retryState = (
  next: NextStep,
  storedAfterMs: number,
  nowMs: number,
  { missingAfterMs }: Pick<RepairPolicy, "missingAfterMs">,
): RetryState => {
  if (next.kind !== "retry") return { kind: "nothing" };
  const dueMs = Date.parse(next.at) + Math.max(0, storedAfterMs);
  const overdueMs = nowMs - dueMs;
  return overdueMs < missingAfterMs
    ? { kind: "waiting", recheckAtMs: dueMs + missingAfterMs }
    : { kind: "overdue", overdueMs };
};

/** A new leader also finds retries that were lost while no dispatcher ran for this long. */
const NO_LEADER_MS = 3_600_000;

/**
 * How far back records are scanned: a retry that follows an older one was due before. A subscription
 * may have longer delays than the operator's.
 */
export const lookBackMs = ({ delaysMs, jitter }: RetryPolicy): number =>
  Math.max(POLICY_BOUNDS.retryDelayMs.max, ...delaysMs) * (1 + jitter) + NO_LEADER_MS;
