import type { RetryMessage } from "@ringback/contracts/deliveries/retry-message";

/** An event's deliveries to one destination, as the streams have them. */
export type DeliverySnapshot = {
  /** A retry of one of them is due or in flight. */
  readonly isDue: boolean;
  /** The retry of one of them that is scheduled for later. */
  readonly waiting: RetryMessage | undefined;
  /** The last record of one of them says that another attempt follows. */
  readonly isOpen: boolean;
  /** How many attempts the waiting delivery has left; undefined: no record says so. */
  readonly attemptsLeft: number | undefined;
  /** The first delivery there has a record. */
  readonly isRecorded: boolean;
  /** The dispatchers have acknowledged the event, or its first deliveries are known to go elsewhere. */
  readonly isAcknowledged: boolean;
};

export type RedeliverDecision =
  /** Start a new delivery, from the first attempt on. */
  | { readonly kind: "new_run" }
  /** Let the delivery that waits go on now. */
  | {
      readonly kind: "retry_now";
      readonly retry: RetryMessage;
      /** How many attempts follow if this one fails; null: unknown. */
      readonly attemptsLeft: number | null;
    }
  /** An attempt is in flight or about to start: another one would run at the same time. */
  | { readonly kind: "in_progress" };

/**
 * Whether an attempt that is brought forward comes on top of the schedule. A deferred attempt does not: the
 * schedule has counted it already.
 */
export const isExtraAttempt = (
  { attempt, deferrals }: Pick<RetryMessage, "attempt" | "deferrals">,
  countsAgainstSchedule: boolean,
): boolean => !countsAgainstSchedule && attempt > 1 && deferrals === 0;

/** How to deliver an event again to one destination. */
export const decideRedeliver = (
  snapshot: DeliverySnapshot,
  countsAgainstSchedule: boolean,
): RedeliverDecision => {
  const { isDue, waiting, isOpen, attemptsLeft, isRecorded, isAcknowledged } = snapshot;
  if (isDue) return { kind: "in_progress" };
  if (waiting !== undefined) {
    const used = isExtraAttempt(waiting, countsAgainstSchedule) ? 0 : 1;
    const left = attemptsLeft === undefined ? null : Math.max(0, attemptsLeft - used);
    return { kind: "retry_now", retry: waiting, attemptsLeft: left };
  }
  // Between its record and its schedule, or fired a moment ago. The dispatchers repair a lost schedule.
  if (isOpen) return { kind: "in_progress" };
  const isInFlight = !isRecorded && !isAcknowledged;
  return isInFlight ? { kind: "in_progress" } : { kind: "new_run" };
};
