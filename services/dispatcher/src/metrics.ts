import { DEAD_LETTER_REASONS, type DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import {
  FAILURE_REASONS,
  type AttemptRecord,
  type Outcome,
} from "@ringback/contracts/deliveries/attempt";
import { DEFERRED_FOR } from "@ringback/contracts/deliveries/retry-message";
import { isFirstDelivery } from "@ringback/contracts/deliveries/delivery-id";
import { EVENT_TYPE_LABELS, eventTypeLabel } from "@ringback/contracts/events/event-types";
import { OPERATION_KINDS } from "@ringback/contracts/streams/operation-subjects";
import type { Metrics } from "@ringback/runtime/telemetry/metrics";
import { tracingMetrics } from "@ringback/runtime/telemetry/tracing-metrics";
import { DELIVERY_ENDS, workspaceMetrics } from "./workspace-metrics.ts";
import { PLATFORM_FAULTS } from "./send/result.ts";
import type { Delivery } from "./delivery/delivery.ts";

/** A bucket ends at 30 s, the default deadline, as alerts compare with it. */
const ATTEMPT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30];
const UP_TO_A_MINUTE = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];
/** A delivery that waits for hours must not look like one of a minute. */
const UP_TO_HOURS = [120, 300, 900, 1_800, 3_600, 7_200, 21_600];
const DELAY_BUCKETS = [...UP_TO_A_MINUTE, ...UP_TO_HOURS];
const DELIVERY_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, ...UP_TO_HOURS, 86_400];

const ATTEMPT_LABELS = ["1", "2", "3", "4", "5+"];
/** The kinds of destinations: never which one, as there are very many. */
const DESTINATIONS = ["agent", "endpoint"] as const;

/** The value of the label `destination` of a record or a dead letter. */
export const destinationLabel = (of: {
  readonly endpoint_id?: string | undefined;
}): (typeof DESTINATIONS)[number] => (of.endpoint_id === undefined ? "agent" : "endpoint");

/** The value of the label `attempt`. */
export const attemptLabel = (attempt: number): string => (attempt >= 5 ? "5+" : String(attempt));

/** The value of the label `outcome`; undefined where nothing was sent. */
export const outcomeLabel = (outcome: Outcome): string | undefined => {
  if (outcome.kind === "cancelled") return undefined;
  return outcome.kind === "failed" ? outcome.reason : "delivered";
};

export type DispatcherMetrics = ReturnType<typeof dispatcherMetrics>;

/** The dispatcher's own metrics, each label set at zero. */
export const dispatcherMetrics = (metrics: Metrics) => ({
  ...workspaceMetrics(metrics),
  tracing: tracingMetrics(metrics),
  ...durationMetrics(metrics),
  ...deferralMetrics(metrics),
  events: metrics.counter("ringback_events_total", "Events taken from EVENTS", {
    event_type: [...EVENT_TYPE_LABELS, "unknown"], // unknown: of messages that cannot be parsed
    result: ["accepted", "no_subscription", "invalid"],
  }),
  attempts: metrics.counter("ringback_attempts_total", "Requests to endpoints, by outcome", {
    event_type: EVENT_TYPE_LABELS,
    outcome: ["delivered", ...FAILURE_REASONS],
    attempt: ATTEMPT_LABELS,
  }),
  resent: metrics.counter(
    "ringback_resent_total",
    "Requests sent once more within their attempt: a reused connection was closed before any response",
  ),
  deliveries: metrics.counter("ringback_deliveries_total", "Deliveries that ended", {
    event_type: EVENT_TYPE_LABELS,
    result: DELIVERY_ENDS,
    destination: DESTINATIONS,
  }),
  deadLetters: metrics.counter(
    "ringback_dead_letters_total",
    "Deliveries and messages dead-lettered, by reason",
    {
      reason: DEAD_LETTER_REASONS,
      destination: [...DESTINATIONS, "none"], // none: of messages that cannot be parsed
    },
  ),
  retriesScheduled: metrics.counter(
    "ringback_retries_scheduled_total",
    "Retries scheduled, by the number of the attempt to come",
    { attempt: ATTEMPT_LABELS.slice(1) },
  ),
  retriesRepublished: metrics.counter(
    "ringback_retries_republished_total",
    "Retries published again: overdue had a schedule that did not fire, missing had none",
    { reason: ["overdue", "missing"] },
  ),
  operations: metrics.counter("ringback_operations_total", "Operational events, by their kind", {
    kind: OPERATION_KINDS,
  }),
  operationsDropped: metrics.counter(
    "ringback_operations_dropped_total",
    "Operational events dropped: not publishable, and too many waiting",
    { kind: OPERATION_KINDS },
  ),
  platformFaults: metrics.counter(
    "ringback_own_faults_total",
    "Deliveries postponed by a fault of the platform; no attempt is used up",
    { fault: PLATFORM_FAULTS },
  ),
});

const deferralMetrics = (metrics: Metrics) => ({
  deferred: metrics.counter("ringback_deferred_total", "Deliveries deferred without an attempt", {
    reason: DEFERRED_FOR.filter((reason) => reason !== "own_fault"), // counted by ringback_own_faults_total
  }),
  madeOutOfOrder: metrics.counter(
    "ringback_order_given_up_total",
    "Attempts made without their turn in the order of a call: they had waited for max_wait",
  ),
});

const durationMetrics = (metrics: Metrics) => ({
  attemptDuration: metrics.histogram(
    "ringback_attempt_duration_seconds",
    "Start of an attempt to the response's headers, or to its failure",
    ATTEMPT_BUCKETS,
    { outcome: ["delivered", "failed"], destination: DESTINATIONS },
  ),
  firstAttemptDelay: metrics.tracedHistogram(
    "ringback_first_attempt_delay_seconds",
    "Event stored to its first attempt started: the platform's own service level",
    DELAY_BUCKETS,
  ),
  delivery: metrics.histogram(
    "ringback_delivery_seconds",
    "Event stored to delivered",
    DELIVERY_BUCKETS,
  ),
  retryLateness: metrics.histogram(
    "ringback_retry_lateness_seconds",
    "A retry's due time to its start",
    DELAY_BUCKETS,
  ),
});

/** Counts one recorded attempt, and the delivery's end when it was the last. */
export const countAttempt = (
  metrics: DispatcherMetrics,
  record: AttemptRecord,
  storedAtMs: number,
): void => {
  const { workspace_id, attempt, outcome, next } = record;
  const event_type = eventTypeLabel(record.event_type);
  const label = outcomeLabel(outcome);
  const destination = destinationLabel(record);
  const kind = outcome.kind === "delivered" ? "delivered" : "failed";
  if (label !== undefined) {
    metrics.attempts.inc({ event_type, outcome: label, attempt: attemptLabel(attempt) });
    metrics.workspaceAttempt(workspace_id, kind);
    const seconds = record.duration_ms / 1_000;
    metrics.attemptDuration.observe({ outcome: kind, destination }, seconds);
    if (record.resent === true) metrics.resent.inc();
  }
  if (record.out_of_turn === true) metrics.madeOutOfOrder.inc();
  // A redelivery may come days after its event, which is no measure of delivering.
  if (outcome.kind === "delivered" && isFirstDelivery(record.delivery_id ?? "")) {
    const endedMs = Date.parse(record.at) + record.duration_ms;
    metrics.delivery.observe(Math.max(0, endedMs - storedAtMs) / 1_000);
  }
  if (next.kind === "retry") return;
  // A test event whose only attempt failed is no delivery that ended.
  if (next.kind === "done" && outcome.kind === "failed") return;
  const done = outcome.kind === "cancelled" ? "cancelled" : "delivered";
  const result = next.kind === "dead_letter" ? "dead_lettered" : done;
  metrics.deliveries.inc({ event_type, result, destination });
  metrics.workspaceDelivery(workspace_id, result);
};

/** Observes how late an attempt starts. */
export const observeStart = (
  metrics: Pick<DispatcherMetrics, "firstAttemptDelay" | "retryLateness">,
  startedMs: number,
  { attempt, storedAtMs, dueMs, trigger, isOrdered, deferrals, deferredFor }: Delivery,
  traceId?: string,
): void => {
  // It has waited for its customer's sake.
  if ((isOrdered === true && deferrals > 0) || deferredFor === "paused") return;
  if (trigger === "redelivery") return; // requested for now: neither late nor the first
  const sinceMs = attempt === 1 ? storedAtMs : dueMs;
  if (sinceMs === undefined) return;
  const seconds = Math.max(0, startedMs - sinceMs) / 1_000;
  if (attempt === 1) metrics.firstAttemptDelay.observe(seconds, traceId);
  else metrics.retryLateness.observe(seconds);
};

/** Counts a dead letter without a last attempt, and its delivery where that is known. */
export const countDeadLetter = (metrics: DispatcherMetrics, deadLetter: DeadLetter): void => {
  if (deadLetter.reason === "invalid_event") {
    const named = eventTypeLabel(deadLetter.subject.split(".").at(-1) ?? "");
    metrics.events.inc({ event_type: named, result: "invalid" });
    return metrics.deadLetters.inc({ reason: "invalid_event", destination: "none" });
  }
  const { reason, event_type, workspace_id } = deadLetter;
  const destination = destinationLabel(deadLetter);
  metrics.deadLetters.inc({ reason, destination });
  if (event_type === undefined || workspace_id === undefined) return;
  const ended = { event_type: eventTypeLabel(event_type), destination };
  metrics.deliveries.inc({ ...ended, result: "dead_lettered" });
  metrics.workspaceDelivery(workspace_id, "dead_lettered");
};
