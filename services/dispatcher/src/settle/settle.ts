import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { backoffMs } from "@ringback/runtime/process/backoff";
import { ACK_WAIT_MS } from "@ringback/runtime/streams/consumers";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { logRepeated } from "@ringback/runtime/telemetry/repeated";
import { idsOf, type Delivery } from "../delivery/delivery.ts";
import type { DeliveryResult } from "../delivery/delivery-result.ts";
import { countAttempt, countDeadLetter, type DispatcherMetrics } from "../metrics.ts";
import { firstTrace, settleDeferred } from "./defer.ts";
import type { DeliveryStore } from "./delivery-store.ts";
import type { InFlightMessage } from "./in-flight.ts";
import { loggable, loggableDeadLetter, traceIdOf, type AttemptLog } from "./attempt-log.ts";
import { countNextStep, hasNextStep, nextStepStorer } from "./next-step.ts";
import type { Notifier } from "./notifier.ts";

/** The steps that make an attempt final, in this order. */
export type SettleSteps = {
  readonly appendAttempt: DeliveryStore["appendAttempt"];
  readonly storeNextStep: ReturnType<typeof nextStepStorer>;
  readonly publishInvalid: Notifier["publishInvalid"];
  readonly acknowledge: (inFlight: InFlightMessage) => void;
};

export const settleSteps = (
  store: DeliveryStore,
  { publishExhausted, publishInvalid }: Pick<Notifier, "publishExhausted" | "publishInvalid">,
): SettleSteps => ({
  publishInvalid,
  appendAttempt: store.appendAttempt,
  storeNextStep: nextStepStorer(store, publishExhausted),
  acknowledge: (inFlight) => {
    inFlight.settled = true;
    inFlight.message.ack();
  },
});

export type SettleDeps = {
  readonly steps: SettleSteps;
  readonly store: DeliveryStore;
  readonly metrics: DispatcherMetrics;
  readonly log: Logger;
  readonly logAttempt: AttemptLog;
};

/** A delivery and the message that brought it. */
export type Processed = {
  readonly inFlight: InFlightMessage;
  readonly delivery: Delivery;
  /** The sequence of the delivery's last record; 0 for none. */
  readonly afterSeq: number;
};

/** `left`: somebody else makes it final, here or elsewhere. */
type Settled = "final" | "left";

/** Makes the result of a delivery final. */
export const settle = async (
  processed: Processed,
  result: DeliveryResult,
  deps: SettleDeps,
): Promise<Settled> => {
  const { inFlight, delivery } = processed;
  inFlight.trace?.setResult(result);
  switch (result.kind) {
    case "attempted":
      return settleAttempt(processed, result.record, deps);
    case "no_subscription":
      settleDone(inFlight, deps);
      return "final";
    case "deferred":
    case "postponed":
      await scheduleAgain(processed, result, deps);
      return "final";
    case "closed":
      // Nothing was started, as this process is stopping: another one gets the message at once.
      nak(inFlight);
      return "left";
    case "not_owned":
      // Neither acknowledged nor nak'ed: the message may be in work elsewhere.
      deps.log.info(
        { ...idsOf(delivery), ...traceIdOf(inFlight, delivery), attempt: delivery.attempt },
        "delivery.left_alone",
      );
      return "left";
    default:
      return result satisfies never;
  }
};

/** Schedules the same attempt for later. */
const scheduleAgain = async (
  { inFlight, delivery }: Processed,
  result: DeliveryResult & { readonly kind: "deferred" | "postponed" },
  deps: SettleDeps,
): Promise<void> => {
  const { metrics, log } = deps;
  if (result.kind === "deferred") {
    const waiting = { ...delivery, waitsFor: waitedFor(result), deferredFor: result.reason };
    await settleDeferred(inFlight, waiting, result.atMs, deps);
    return metrics.deferred.inc({ reason: result.reason });
  }
  const { fault, detail, atMs } = result;
  metrics.platformFaults.inc({ fault });
  const at = new Date(atMs).toISOString();
  const held = { ...idsOf(delivery), ...traceIdOf(inFlight, delivery), fault, detail, at };
  logRepeated(log, held, "delivery.held_back", { level: "error" });
  await settleDeferred(inFlight, { ...delivery, deferredFor: "own_fault" }, atMs, deps);
};

/**
 * Stores the record, then its next step, then acknowledges. Where another process stored a record first,
 * the message is left alone: it comes again, and the fence then sees that record.
 */
const settleAttempt = async (
  { inFlight, delivery, afterSeq }: Processed,
  record: AttemptRecord,
  { steps, metrics, log, logAttempt }: SettleDeps,
): Promise<Settled> => {
  const appended = await steps.appendAttempt(record, delivery.deliveryId, afterSeq);
  if (appended === "conflict") {
    log.warn({ ...loggable(record), ...traceIdOf(inFlight, delivery) }, "delivery.superseded");
    inFlight.trace?.span.event("ringback.superseded");
    return "left";
  }
  logAttempt(record, traceIdOf(inFlight, delivery));
  countAttempt(metrics, record, delivery.storedAtMs);
  const trace = firstTrace(inFlight, delivery);
  const stored = await steps.storeNextStep(record, delivery.deliveryId, trace);
  if (stored === "stored") countNextStep(record, metrics);
  steps.acknowledge(inFlight);
  return "final";
};

/** The attempt was recorded before: stores the next step of the last record unless it is there. */
export const settleRecorded = async (
  inFlight: InFlightMessage,
  deliveryId: string,
  record: AttemptRecord,
  { steps, store, metrics, log }: SettleDeps,
): Promise<void> => {
  const isThere = record.next.kind === "done" || (await hasNextStep(record, deliveryId, store));
  if (!isThere) {
    log.info({ ...loggable(record), ...traceIdOf(inFlight) }, "delivery.resumed");
    const stored = await steps.storeNextStep(record, deliveryId, inFlight.trace?.origin);
    if (stored === "stored") countNextStep(record, metrics);
  }
  steps.acknowledge(inFlight);
};

/** The event that a deferred delivery waits for, if it is one. */
const waitedFor = (result: DeliveryResult & { readonly kind: "deferred" }): number | undefined =>
  result.reason === "order" ? result.waitsFor : undefined;

/** Acknowledges: nothing is left to do. */
export const settleDone = (inFlight: InFlightMessage, { steps }: Pick<SettleDeps, "steps">): void =>
  steps.acknowledge(inFlight);

/** Stores a dead letter without an attempt, then acknowledges. One that was stored before is not counted again. */
export const settleDeadLetter = async (
  inFlight: InFlightMessage,
  deadLetter: DeadLetter,
  { steps, store, metrics, log }: SettleDeps,
  key = "0",
): Promise<void> => {
  const stored = await store.storeDeadLetter(deadLetter, key);
  await steps.publishInvalid(deadLetter);
  inFlight.trace?.setDeadLetter(deadLetter.reason, deadLetter.event_id);
  if (stored === "stored") {
    log.warn(
      { ...loggableDeadLetter(deadLetter), ...traceIdOf(inFlight) },
      "delivery.dead_lettered",
    );
    countDeadLetter(metrics, deadLetter);
  }
  steps.acknowledge(inFlight);
};

/** Not before what was on its way to the server is stored or abandoned (`publishOnce`). */
const AGAIN_AFTER_MS = 2_000;

/** For a reason that passes: the broker brings it again, later each time, and no later than `ack_wait` would. */
export const nakWithBackoff = ({ message }: Pick<InFlightMessage, "message">): void =>
  message.nak(backoffMs(message.info.deliveryCount - 1, AGAIN_AFTER_MS, ACK_WAIT_MS));

/** The broker brings it again, after `delayMs` or at once. */
export const nak = (inFlight: InFlightMessage, delayMs?: number): void => {
  inFlight.settled = true;
  inFlight.message.nak(delayMs);
};
