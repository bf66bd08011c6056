import { eventTypeLabel } from "@ringback/contracts/events/event-types";
import { deliver, type DeliverDeps } from "./deliver.ts";
import { comesFromEvents, type Delivery } from "./delivery.ts";
import type { DeliveryContext, DeliveryResult } from "./delivery-result.ts";

type EventLabels = {
  readonly event_type: ReturnType<typeof eventTypeLabel>;
  readonly result: "accepted" | "no_subscription";
};

export type ProcessDeps = DeliverDeps & {
  readonly metrics: { readonly events: { readonly inc: (labels: EventLabels) => void } };
};

export type ProcessContext = DeliveryContext & {
  /** Makes the result final; given by the owner of the message. */
  readonly settle: (result: DeliveryResult) => Promise<void>;
};

/** Makes the attempt that is due, and has its result settled. */
export const processDelivery = async (
  delivery: Delivery,
  context: ProcessContext,
  deps: ProcessDeps,
): Promise<void> => {
  const result = await deliver(delivery, deps, context);
  countEvent(delivery, result, deps);
  await context.settle(result);
};

/** An event counts once, when it comes straight from EVENTS. */
const countEvent = (delivery: Delivery, { kind }: DeliveryResult, deps: ProcessDeps): void => {
  if (!comesFromEvents(delivery) || kind === "closed" || kind === "not_owned") return;
  const result = kind === "no_subscription" ? "no_subscription" : "accepted";
  deps.metrics.events.inc({ event_type: eventTypeLabel(delivery.address.eventType), result });
};
