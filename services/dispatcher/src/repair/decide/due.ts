import { POLICY_BOUNDS } from "@ringback/contracts/agents/delivery-policy";
import type { NextStep } from "@ringback/contracts/deliveries/attempt";
import type { RetryPolicy } from "../../delivery/decide/retry.ts";

export type OverdueWatchPolicy = {
  /** How often the watch goes round. */
  readonly everyMs: number;
  /** How long one dispatcher is the one that watches, after it last said so. */
  readonly leaseMs: number;
  /** A schedule that is still there so long after it was due, and after it was stored, is stuck. */
  readonly overdueAfterMs: number;
  /** A retry that was due so long ago must be recorded, scheduled or in work. */
  readonly missingAfterMs: number;
  /** The wait before a delivery that is owed a retry is looked at again. */
  readonly lookAgainMs: number;
  /** What is missing must be missing still so long afterwards. */
  readonly confirmAfterMs: number;
};

export const OVERDUE_WATCH: OverdueWatchPolicy = {
  everyMs: 10_000,
  leaseMs: 20_000,
  overdueAfterMs: 10_000,
  missingAfterMs: 30_000,
  lookAgainMs: 60_000,
  confirmAfterMs: 2_000,
};

export type ScheduleState =
  /** It is not due, or not for long: `lookAtMs` is when it would be stuck. */
  | { readonly kind: "waiting"; readonly lookAtMs: number }
  /** It is overdue, and was stored a moment ago: it may be about to fire. */
  | { readonly kind: "late"; readonly lookAtMs: number; readonly overdueMs: number }
  /** The server should have fired it. */
  | { readonly kind: "stuck"; readonly overdueMs: number };

/** What a schedule that is still there is to be thought of; all times are NATS's, which fires it. */
export const scheduleState = (
  { dueMs, storedMs }: { readonly dueMs: number; readonly storedMs: number },
  nowMs: number,
  { overdueAfterMs }: Pick<OverdueWatchPolicy, "overdueAfterMs">,
): ScheduleState => {
  const overdueMs = nowMs - dueMs;
  if (overdueMs < overdueAfterMs) return { kind: "waiting", lookAtMs: dueMs + overdueAfterMs };
  if (nowMs - storedMs >= overdueAfterMs) return { kind: "stuck", overdueMs };
  return { kind: "late", lookAtMs: storedMs + overdueAfterMs, overdueMs };
};

export type OwedState =
  /** No retry follows this record. */
  | { readonly kind: "nothing" }
  | { readonly kind: "waiting"; readonly lookAtMs: number }
  /** By now the retry must be recorded, scheduled or in work. */
  | { readonly kind: "owed"; readonly overdueMs: number };

/**
 * What a record says about the retry that follows it. The record was stored when its attempt had ended
 * `storedAfterMs` ago by the clock of its dispatcher: as much later is the retry, where that one is behind.
 */
export const owedState = (
  next: NextStep,
  storedAfterMs: number,
  nowMs: number,
  { missingAfterMs }: Pick<OverdueWatchPolicy, "missingAfterMs">,
): OwedState => {
  if (next.kind !== "retry") return { kind: "nothing" };
  const dueMs = Date.parse(next.at) + Math.max(0, storedAfterMs);
  if (nowMs - dueMs < missingAfterMs) return { kind: "waiting", lookAtMs: dueMs + missingAfterMs };
  return { kind: "owed", overdueMs: nowMs - dueMs };
};

/** What is left for a new watch to find of a time in which nobody watched. */
const UNWATCHED_MS = 3_600_000;

/**
 * How far back records are looked at: no retry that follows an older one is due only now. A subscription
 * may have longer delays than the operator's.
 */
export const lookBackMs = ({ delaysMs, jitter }: RetryPolicy): number =>
  Math.max(POLICY_BOUNDS.retryDelayMs.max, ...delaysMs) * (1 + jitter) + UNWATCHED_MS;
