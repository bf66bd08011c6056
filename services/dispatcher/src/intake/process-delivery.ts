import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { eventTypeLabel } from "@ringback/contracts/events/event-types";
import { deliver, type DeliverDeps } from "../delivery/deliver.ts";
import { comesFromEvents, type Delivery } from "../delivery/delivery.ts";
import type { DeliveryResult } from "../delivery/delivery-result.ts";
import type { Ordering } from "../order/ordering.ts";
import { stillOwned } from "../settle/ownership.ts";
import type { InFlightMessage } from "../settle/in-flight.ts";
import { settle, settleRecorded, type Processed, type SettleDeps } from "../settle/settle.ts";

export type ProcessDeps = DeliverDeps & SettleDeps & { readonly ordering: Ordering };

/** Makes the attempt that is due, and settles its result. */
export const processDelivery = async (processed: Processed, deps: ProcessDeps): Promise<void> => {
  const { inFlight, delivery, afterSeq } = processed;
  inFlight.trace?.setDelivery(delivery);
  const result = await deliver(delivery, deps, {
    parent: inFlight.trace?.span.context,
    readingLock: inFlight.readingLock,
    stillOwned: () => stillOwned(inFlight, delivery, afterSeq, deps.store),
  });
  if ((await settle(processed, result, deps)) === "final") countEvent(delivery, result, deps);
  await deps.ordering.afterResult(delivery, result);
};

/** Settles an event that neither a subscription nor an endpoint wants. */
export const settleUnwanted = async (processed: Processed, deps: ProcessDeps): Promise<void> => {
  const { inFlight, delivery } = processed;
  const result = { kind: "no_subscription" } as const;
  inFlight.trace?.setDelivery(delivery);
  if ((await settle(processed, result, deps)) === "final") countEvent(delivery, result, deps);
};

/** What the fence found: an attempt that was recorded before. Where that ended the delivery, the next may wait for it. */
export const processRecorded = async (
  inFlight: InFlightMessage,
  delivery: Pick<Delivery, "address" | "eventSeq" | "deliveryId">,
  record: AttemptRecord,
  deps: ProcessDeps,
): Promise<void> => {
  await settleRecorded(inFlight, delivery.deliveryId, record, deps);
  if (record.next.kind !== "retry") await deps.ordering.afterEnd(delivery);
};

/** An event counts once, when it comes straight from EVENTS and is settled. */
const countEvent = (
  delivery: Delivery,
  { kind }: DeliveryResult,
  { metrics }: ProcessDeps,
): void => {
  if (!comesFromEvents(delivery)) return;
  const result = kind === "no_subscription" ? "no_subscription" : "accepted";
  metrics.events.inc({ event_type: eventTypeLabel(delivery.address.eventType), result });
};
