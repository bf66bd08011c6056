import type { RetryMessage } from "@ringback/contracts/deliveries/retry-message";

/** What the streams tell of an event's deliveries. */
export type DeliveryFacts = {
  /** A message is due, or in work, that brings one of them back. */
  readonly isDue: boolean;
  /** The schedule that brings one of them back later. */
  readonly waiting: RetryMessage | undefined;
  /** A record says that another attempt follows. */
  readonly isOpen: boolean;
  /** How many attempts the schedule of the waiting one still has; undefined: no record tells. */
  readonly attemptsLeft: number | undefined;
  /** The first delivery has a record. */
  readonly isRecorded: boolean;
  /** The dispatchers are done with the event's message. */
  readonly isAcknowledged: boolean;
};

export type RedeliverDecision =
  /** A delivery of its own, from the first attempt on. */
  | { readonly kind: "new_run" }
  /** The delivery that waits goes on now. */
  | {
      readonly kind: "retry_now";
      readonly retry: RetryMessage;
      /** How many follow it if it fails; null: that is not known. */
      readonly attemptsLeft: number | null;
    }
  /** An attempt is being made, or is about to be: another one would be a second at the same time. */
  | { readonly kind: "in_progress" };

/**
 * Whether an attempt that is brought forward takes no place in the schedule: what was put off has come to
 * its place already.
 */
export const isExtraAttempt = (
  { attempt, deferrals }: Pick<RetryMessage, "attempt" | "deferrals">,
  countsAgainstSchedule: boolean,
): boolean => !countsAgainstSchedule && attempt > 1 && deferrals === 0;

/** What it means to deliver an event again, as its deliveries stand. */
export const decideRedeliver = (
  facts: DeliveryFacts,
  countsAgainstSchedule: boolean,
): RedeliverDecision => {
  const { isDue, waiting, isOpen, attemptsLeft, isRecorded, isAcknowledged } = facts;
  if (isDue) return { kind: "in_progress" };
  if (waiting !== undefined) {
    const used = isExtraAttempt(waiting, countsAgainstSchedule) ? 0 : 1;
    const left = attemptsLeft === undefined ? null : Math.max(0, attemptsLeft - used);
    return { kind: "retry_now", retry: waiting, attemptsLeft: left };
  }
  // Between its record and its schedule, or fired a moment ago; one that is lost is found elsewhere.
  if (isOpen) return { kind: "in_progress" };
  const isUnderWay = !isRecorded && !isAcknowledged;
  return isUnderWay ? { kind: "in_progress" } : { kind: "new_run" };
};
