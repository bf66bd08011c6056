import { endpointIdOf, isFirstDelivery } from "@ringback/contracts/deliveries/delivery-id";
import type { RetryMessage } from "@ringback/contracts/deliveries/retry-message";
import type { TraceContext } from "@ringback/contracts/trace-context";
import { retryMessageFor, type DeferrableDelivery } from "../delivery/delivery.ts";
import type { InFlightMessage } from "./in-flight.ts";
import type { DeliveryStore } from "./delivery-store.ts";

type DeferDeps = {
  readonly steps: { readonly acknowledge: (inFlight: InFlightMessage) => void };
  readonly store: Pick<DeliveryStore, "scheduleRetry" | "storeFanOut" | "eventId">;
};

/** Schedules the same attempt for later, then acknowledges. */
export const settleDeferred = async (
  inFlight: InFlightMessage,
  delivery: DeferrableDelivery,
  atMs: number,
  { steps, store }: DeferDeps,
): Promise<void> => {
  const { attempt, deferrals, postponedSinceMs, trigger, deferredFor } = delivery;
  await storeOnlyDestination(delivery, store);
  await store.scheduleRetry({
    ...retryMessageFor(delivery, attempt, atMs, deferrals + 1),
    // Kept until the attempt is recorded: a delivery that always fails after its request must end, too.
    postponedSinceMs,
    waitsFor: delivery.waitsFor,
    deferredFor,
    storedAtMs: attempt === 1 ? delivery.storedAtMs : undefined,
    // Any other trigger follows from the attempt's number.
    trigger: trigger === "redelivery" || trigger === "test" ? trigger : undefined,
    trace: firstTrace(inFlight, delivery),
  });
  steps.acknowledge(inFlight);
};

/**
 * An event with one endpoint as its only destination has no stored set of them: the record of its first attempt says
 * where it goes. Where that attempt is put off, nothing else would.
 */
const storeOnlyDestination = async (
  { address, eventSeq, deliveryId, attempt, trigger }: DeferrableDelivery,
  store: DeferDeps["store"],
): Promise<void> => {
  const endpoint_id = endpointIdOf(deliveryId);
  if (endpoint_id === undefined || attempt > 1 || !isFirstDelivery(deliveryId)) return;
  if (trigger === "test") return;
  await store.storeFanOut(address, {
    event_id: store.eventId(eventSeq),
    event_seq: eventSeq,
    at: new Date().toISOString(),
    deliveries: [{ delivery_id: deliveryId, endpoint_id }],
  });
};

/** Kept where it came with the delivery, also by a dispatcher that traces nothing. */
export const firstTrace = (
  { trace }: Pick<InFlightMessage, "trace">,
  delivery: Pick<RetryMessage, "trace">,
): TraceContext | undefined => trace?.origin ?? delivery.trace;
