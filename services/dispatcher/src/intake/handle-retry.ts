import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { RetryMessage } from "@ringback/contracts/deliveries/retry-message";
import { eventSubject } from "@ringback/contracts/streams/subjects";
import { pause } from "@ringback/runtime/process/backoff";
import { elapsedMs } from "@ringback/runtime/process/elapsed";
import { heldBody } from "../delivery/held-body.ts";
import { deadLetterKey, eventExpired, unreadableRetry } from "../settle/dead-letter.ts";
import type { InFlightMessage } from "../settle/in-flight.ts";
import { settleDeferred } from "../settle/defer.ts";
import { messageIds } from "../settle/attempt-log.ts";
import { settleDeadLetter, settleDone } from "../settle/settle.ts";
import { attemptStateOf, stateByRecord } from "./attempt-state.ts";
import type { EventDeps } from "./handle-event.ts";
import { processDelivery, processRecorded } from "./process-delivery.ts";
import { bodyReader } from "./read-event.ts";
import { headersOf } from "./read-retry.ts";

/** A message of RETRIES that cannot be parsed: dead-letters whatever of it can. */
export const handleUnreadableRetry = async (
  inFlight: InFlightMessage,
  problem: string,
  deps: EventDeps,
): Promise<void> => {
  const { message } = inFlight;
  const { subject, seq, info } = message;
  const header = headersOf(message) ?? (() => "");
  const ids = messageIds(inFlight, undefined, deps.store);
  deps.log.error({ ...ids, subject, seq, problem }, "retry.unreadable");
  deps.metrics.platformFaults.inc({ fault: "unexpected" });
  const deadLetter = unreadableRetry(message, header, problem, deps);
  await settleDeadLetter(inFlight, deadLetter, deps, `${seq}:${info.timestampNanos}`);
};

/**
 * A message of RETRIES: processes its delivery with the event as stored, the last attempt as recorded, and
 * the subscription as it is now.
 */
export const handleRetry = async (
  inFlight: InFlightMessage,
  retry: RetryMessage,
  mayBeHandled: boolean,
  deps: EventDeps,
): Promise<void> => {
  const { address, eventSeq, attempt, dueMs } = retry;
  inFlight.recordReadMs = elapsedMs();
  const [event, state] = await Promise.all([
    deps.store.readEvent(eventSeq),
    // Of two messages for one attempt the later one stays.
    mayBeHandled ? attemptStateOf(retry, deps, inFlight.message.seq) : stateByRecord(retry, deps),
  ]);
  if (state.kind === "recorded") return processRecorded(inFlight, retry, state.last, deps);
  if (state.kind === "pending") return settleDone(inFlight, deps);
  // Another subject at this sequence: EVENTS was recreated, this event is gone.
  if (event === undefined || event.subject !== eventSubject(address)) {
    return expire(inFlight, retry, state.last, deps);
  }
  inFlight.setBytes(event.body.byteLength);
  const delivery = {
    ...retry,
    eventId: deps.store.eventId(eventSeq),
    storedAtMs: deps.ownTimeOf(event.storedAtMs),
    body: heldBody(event.body, bodyReader(eventSeq, deps.store), () => inFlight.setBytes(0)),
    trigger: retry.trigger ?? (attempt === 1 ? ("event" as const) : ("retry" as const)),
  };
  if (delivery.trigger === "retry" && !(await isDue(dueMs, deps))) {
    // Scheduled once more as it was, which is no deferral.
    const unchanged = { ...delivery, deferrals: retry.deferrals - 1 };
    return settleDeferred(inFlight, unchanged, dueMs, deps);
  }
  return processDelivery({ inFlight, delivery, afterSeq: state.after }, deps);
};

/** A retry that is early by at most this waits here. */
const MAX_EARLY_MS = 1_000;

/**
 * Whether a retry is due by this machine's clock, too. NATS has fired it by its own clock, and the process
 * that scheduled it had another one, or did not know yet how far the two are apart.
 */
const isDue = async (dueMs: number, { now }: EventDeps): Promise<boolean> => {
  const earlyMs = dueMs - now();
  if (earlyMs > 0 && earlyMs <= MAX_EARLY_MS) await pause(Math.ceil(earlyMs) + 1); // timers may be 1 ms early
  return now() >= dueMs;
};

const expire = async (
  inFlight: InFlightMessage,
  retry: RetryMessage,
  last: AttemptRecord | undefined,
  deps: EventDeps,
): Promise<void> => {
  if (retry.trigger === "test") return settleDone(inFlight, deps); // a test event has no dead letter
  const deadLetter = eventExpired(retry, last, deps);
  await settleDeadLetter(inFlight, deadLetter, deps, deadLetterKey(retry, 0));
  await deps.ordering.afterEnd(retry);
};
