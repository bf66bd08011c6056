import { endpointIdOf, firstDeliveryId } from "@ringback/contracts/deliveries/delivery-id";
import type { FoundDestination } from "@ringback/contracts/endpoints/destination";
import {
  isBlocking,
  orderDecision,
  type OrderDecision,
  type OrderedDestination,
} from "../delivery/decide/order.ts";
import { destinationOf } from "../delivery/decide/request.ts";
import type { Delivery } from "../delivery/delivery.ts";
import type { SubscriptionView } from "../subscriptions/subscription-view.ts";
import { inOrder, type Call, type CallEvent, type CallEvents } from "./call-events.ts";
import { earlierState, type Earlier, type EarlierDeps } from "./earlier-delivery.ts";

export type OrderDeps = EarlierDeps & {
  readonly calls: CallEvents;
  readonly view: Pick<SubscriptionView, "known" | "choosing">;
};

type Ordered = Pick<
  Delivery,
  "address" | "eventSeq" | "deliveryId" | "storedAtMs" | "deferrals" | "trigger"
>;

/**
 * Whether a delivery goes on, by the earlier events of its call alone. Only the earliest that has not ended goes on,
 * so two dispatchers that look at the same time need no lock: no event waits for a later one, and what has ended does
 * not begin again (docs/adr/0028).
 */
export const checkOrder = async (
  delivery: Ordered,
  destination: OrderedDestination,
  deps: OrderDeps,
  isFirstLook = delivery.deferrals === 0,
): Promise<OrderDecision> => {
  const { address, eventSeq: seq, storedAtMs, deferrals } = delivery;
  const call = await deps.calls.upTo({ seq, address, isTest: delivery.trigger === "test" });
  if (call.isTooLong) return { kind: "go_out_of_order" };
  const blockedBy = await earliestBlocking(delivery, destination, { call, isFirstLook, ...deps });
  return orderDecision({ blockedBy, storedAtMs, nowMs: deps.now(), deferrals }, destination.order);
};

type Look = OrderDeps & { readonly call: Call; readonly isFirstLook: boolean };

const earliestBlocking = async (
  delivery: Ordered,
  destination: OrderedDestination,
  { call, isFirstLook, ...deps }: Look,
): Promise<number | undefined> => {
  const key = destinationKey(delivery, destination);
  let haveEnded = true;
  for (const event of inOrder(call)) {
    if (event.seq >= delivery.eventSeq) return undefined;
    if (event.seq < (call.endedBefore.get(key) ?? 0)) continue;
    const earlier = earlierAt(event, delivery, destination, deps);
    const state = earlier && (await earlierState(earlier, isFirstLook, deps));
    if (state !== undefined && isBlocking(state, destination.order.on_failure)) return event.seq;
    haveEnded &&= state === undefined || state === "ended";
    if (haveEnded) call.endedBefore.set(key, event.seq + 1);
  }
  return undefined;
};

/** Names a destination among those of a call: they are as many as its workspace has endpoints and URLs. */
const destinationKey = ({ deliveryId }: Ordered, { subscription }: OrderedDestination): string =>
  endpointIdOf(deliveryId) ?? destinationOf(subscription.callback_url).destination;

/**
 * An event as one that may go to the same destination as a delivery; undefined: it never does. Agents' subscriptions
 * with one URL are one destination, whatever its query is: the events of a call go to several of them.
 */
export const earlierAt = (
  event: CallEvent,
  { deliveryId }: Pick<Delivery, "deliveryId">,
  { subscription }: Pick<FoundDestination, "subscription">,
  { view }: Pick<OrderDeps, "view">,
): Earlier | undefined => {
  if (event.isTest) return undefined;
  const endpointId = endpointIdOf(deliveryId);
  const { address, seq } = event;
  const at = { address, deliveryId: firstDeliveryId(seq, endpointId) };
  if (endpointId !== undefined) {
    const chosenBy = view.choosing(at);
    return { event, endpointId, isChosen: chosenBy !== undefined, chosenBy };
  }
  const url = view.known(at)?.subscription.callback_url;
  const isSame =
    url !== undefined &&
    destinationOf(url).destination === destinationOf(subscription.callback_url).destination;
  return isSame ? { event, endpointId, isChosen: true } : undefined;
};
