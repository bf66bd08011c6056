import { parseDurationMs } from "@ringback/contracts/duration";
import { isFirstDelivery } from "@ringback/contracts/deliveries/delivery-id";
import type { Trigger } from "@ringback/contracts/deliveries/attempt";
import type { FoundDestination } from "@ringback/contracts/endpoints/destination";
import type { DeliveryOrder } from "@ringback/contracts/agents/delivery-order";

/** A destination that keeps the order of a call's events. */
export type OrderedDestination = Pick<FoundDestination, "subscription"> & {
  readonly order: DeliveryOrder;
};

/** The destination as one that keeps the order; undefined: it does not, or people have asked for this attempt. */
export const orderedFor = (
  { subscription, order }: Pick<FoundDestination, "subscription" | "order">,
  { deliveryId, trigger }: { readonly deliveryId: string; readonly trigger?: Trigger | undefined },
): OrderedDestination | undefined =>
  order === undefined ||
  trigger === "redelivery" ||
  trigger === "test" ||
  !isFirstDelivery(deliveryId)
    ? undefined
    : { subscription, order };

/** How an earlier event of the call stands at the same destination. */
export type EarlierState =
  /** Delivered, dead-lettered, cancelled, or it never goes there. */
  | "ended"
  /** Not attempted yet, or attempted at this moment. */
  | "in_flight"
  /** It has failed, and its next attempt is not due yet. */
  | "retrying";

/** Whether an event has to wait for an earlier one that stands like this. */
export const isBlocking = (
  state: EarlierState,
  onFailure: DeliveryOrder["on_failure"],
): boolean => {
  switch (state) {
    case "ended":
      return false;
    case "in_flight":
      return true;
    case "retrying":
      return onFailure === "wait";
    default:
      return state satisfies never;
  }
};

/** What the order of a call's events makes of an attempt that is due. */
export type OrderDecision =
  | { readonly kind: "go" }
  /** It would have to wait, and has waited as long as it may. */
  | { readonly kind: "go_out_of_order" }
  /** The same attempt again at `atMs`, unless event `waitsFor` ends before. */
  | { readonly kind: "wait"; readonly atMs: number; readonly waitsFor: number };

type Waiting = {
  /** The earliest event that is waited for, by its sequence; undefined: none. */
  readonly blockedBy: number | undefined;
  /** When the delivery's own event was stored, in ms since 1970. */
  readonly storedAtMs: number;
  readonly nowMs: number;
  readonly deferrals: number;
};

/** Most waits end with a wake-up. These bound what one costs that was missed, as its process died. */
const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 10_000;

const DEFAULT_MAX_WAIT_MS = 600_000;

/** Whether an attempt goes on, by the earliest event of its call that it would have to wait for. */
export const orderDecision = (
  { blockedBy, storedAtMs, nowMs, deferrals }: Waiting,
  { max_wait }: Pick<DeliveryOrder, "max_wait">,
): OrderDecision => {
  if (blockedBy === undefined) return { kind: "go" };
  const endMs = storedAtMs + (parseDurationMs(max_wait) ?? DEFAULT_MAX_WAIT_MS);
  if (nowMs >= endMs) return { kind: "go_out_of_order" };
  const waitMs = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(deferrals, 10));
  return { kind: "wait", atMs: Math.ceil(Math.min(endMs, nowMs + waitMs)), waitsFor: blockedBy };
};
