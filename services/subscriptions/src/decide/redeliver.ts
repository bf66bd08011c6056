import type { RetryMessage } from "@ringback/contracts/retry-message";

/** What the streams tell of an event's deliveries. */
export type DeliveryFacts = {
  /** A message is due, or in work, that brings one of them back. */
  readonly isDue: boolean;
  /** The schedule that brings one of them back later. */
  readonly waiting: RetryMessage | undefined;
  /** A record says that another attempt follows. */
  readonly isOpen: boolean;
  /** The first delivery has a record. */
  readonly isRecorded: boolean;
  /** The dispatchers are done with the event's message. */
  readonly isAcknowledged: boolean;
};

export type RedeliverDecision =
  /** A delivery of its own, from the first attempt on. */
  | { readonly kind: "new_run" }
  /** The delivery that waits goes on now. */
  | { readonly kind: "retry_now"; readonly retry: RetryMessage }
  /** An attempt is being made, or is about to be: another one would be a second at the same time. */
  | { readonly kind: "in_progress" };

/** What it means to deliver an event again, as its deliveries stand. */
export const decideRedeliver = (facts: DeliveryFacts): RedeliverDecision => {
  const { isDue, waiting, isOpen, isRecorded, isAcknowledged } = facts;
  if (isDue) return { kind: "in_progress" };
  if (waiting !== undefined) return { kind: "retry_now", retry: waiting };
  // Between its record and its schedule, or fired a moment ago; one that is lost is found elsewhere.
  if (isOpen) return { kind: "in_progress" };
  const isUnderWay = !isRecorded && !isAcknowledged;
  return isUnderWay ? { kind: "in_progress" } : { kind: "new_run" };
};
