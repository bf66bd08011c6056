import { deliveryId } from "@ringback/contracts/events/event";
import type { Nats } from "@ringback/runtime/nats/connection";
import {
  deliveryKey,
  pendingRetries,
  type DeliveryKey,
} from "@ringback/runtime/streams/pending-retry";
import type { Undecided } from "../projection/apply/unresolved-events.ts";

/** Which of these events RETRIES knows nothing of, as far as any replica tells. */
export const nothingToCome = async (
  events: readonly Undecided[],
  nats: Nats,
): Promise<readonly Undecided[]> => {
  const pending = await pendingRetries(nats, events.map(firstDelivery));
  return events.filter((event) => !pending.has(deliveryKey(firstDelivery(event))));
};

const firstDelivery = (event: Undecided): DeliveryKey => ({
  address: event,
  deliveryId: deliveryId(event.seq),
});
