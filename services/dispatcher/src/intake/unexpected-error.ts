import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { isUnavailable } from "@ringback/runtime/nats/errors";
import {
  afterUnexpectedError,
  postponedForMs,
  postponeMs,
  type PostponePolicy,
} from "../delivery/decide/postpone.ts";
import type { DeferrableDelivery } from "../delivery/delivery.ts";
import type { Ordering } from "../order/ordering.ts";
import { messageIds } from "../settle/attempt-log.ts";
import { deadLetterKey, internalErrors, type DeadLetterDeps } from "../settle/dead-letter.ts";
import { settleDeferred } from "../settle/defer.ts";
import type { InFlightMessage } from "../settle/in-flight.ts";
import { nak, settleDeadLetter, settleDone, type SettleDeps } from "../settle/settle.ts";

export type UnexpectedErrorDeps = SettleDeps &
  DeadLetterDeps & {
    readonly postpone: PostponePolicy;
    readonly ordering: Pick<Ordering, "afterEnd">;
  };

/**
 * A platform fault that uses up none of the customer's attempts: schedules the delivery again, later each
 * time, and dead-letters it when that has gone on for long enough. Never throws. `deliveryIn` parses the
 * message's delivery.
 */
export const handleUnexpectedError = async (
  inFlight: InFlightMessage,
  error: unknown,
  deliveryIn: () => DeferrableDelivery | undefined,
  deps: UnexpectedErrorDeps,
): Promise<void> => {
  deps.metrics.platformFaults.inc({ fault: "unexpected" });
  inFlight.trace?.span.fail("internal");
  try {
    await postpone(inFlight, error, orUndefined(deliveryIn), deps);
  } catch (second) {
    // Without an acknowledgement the broker brings it again.
    const { subject, seq } = inFlight.message;
    const known = orUndefined(() => messageIds(inFlight, deliveryIn(), deps.store));
    const ids = { ...known, subject, seq };
    deps.log.error({ err: second, ...ids }, "delivery.hold_back_failed");
    if (!isUnavailable(second)) nakIfPossible(inFlight, ids, deps);
  }
};

/** What made the handler throw may do so again here. */
const orUndefined = <T>(read: () => T | undefined): T | undefined => {
  try {
    return read();
  } catch {
    return undefined;
  }
};

const postpone = async (
  inFlight: InFlightMessage,
  error: unknown,
  delivery: DeferrableDelivery | undefined,
  deps: UnexpectedErrorDeps,
): Promise<void> => {
  const nowMs = deps.now();
  const repeats = inFlight.message.info.deliveryCount - 1;
  const sinceMs =
    delivery === undefined
      ? nowMs - postponedForMs(repeats, deps.postpone)
      : delivery.postponedSinceMs;
  const timesPostponed = (delivery?.deferrals ?? 0) + repeats;
  const after = afterUnexpectedError({ nowMs, sinceMs, timesPostponed }, deps.postpone);
  const since = new Date(after.sinceMs).toISOString();
  const known = { ...messageIds(inFlight, delivery, deps.store), since, err: error };
  if (after.kind === "dead_letter") {
    deps.log.error({ ...known, next: "dead_letter" }, "delivery.unexpected_error");
    return deadLetter(inFlight, delivery, after.sinceMs, deps);
  }
  const at = new Date(after.atMs).toISOString();
  deps.log.error({ ...known, next: "held_back", at }, "delivery.unexpected_error");
  // No delivery is known that could be scheduled.
  if (delivery === undefined) return nak(inFlight, after.atMs - nowMs);
  const again = {
    ...delivery,
    postponedSinceMs: after.sinceMs,
    deferredFor: "own_fault" as const,
  };
  return settleDeferred(inFlight, again, after.atMs, deps);
};

const deadLetter = async (
  inFlight: InFlightMessage,
  delivery: DeferrableDelivery | undefined,
  sinceMs: number,
  deps: UnexpectedErrorDeps,
): Promise<void> => {
  if (delivery?.trigger === "test") return settleDone(inFlight, deps); // a test event has no dead letter
  const { message } = inFlight;
  const last = delivery && (await lastRecord(delivery, deps));
  const key = delivery ? deadLetterKey(delivery, delivery.attempt) : String(message.seq);
  const made = internalErrors(message, sinceMs, { delivery, last }, deps);
  await settleDeadLetter(inFlight, made, deps, key);
  if (delivery !== undefined) await deps.ordering.afterEnd(delivery);
};

/** Undefined also where the record is what cannot be read. */
const lastRecord = async (
  { address, deliveryId }: DeferrableDelivery,
  { store }: UnexpectedErrorDeps,
): Promise<AttemptRecord | undefined> => {
  try {
    return (await store.readLastRecord(address, deliveryId)).record;
  } catch (error) {
    if (isUnavailable(error)) throw error;
    return undefined;
  }
};

const nakIfPossible = (inFlight: InFlightMessage, ids: object, deps: UnexpectedErrorDeps): void => {
  try {
    nak(inFlight, postponeMs(inFlight.message.info.deliveryCount - 1, deps.postpone));
  } catch (error) {
    deps.log.warn({ err: error, ...ids }, "delivery.interrupted");
  }
};
