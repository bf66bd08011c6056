import type { Pair } from "../../ui/tokens-field.tsx";
import type { Subscription } from "../destinations/api-types.ts";
import {
  deliveryDraftOf,
  orderDraftOf,
  orderOf,
  pairsOf,
  policyOf,
  recordOf,
  type DeliveryDraft,
  type OrderDraft,
} from "../destinations/delivery-draft.ts";
import type { SubscriptionFields } from "./agent-calls.ts";

/** A subscription as somebody types it. */
export type SubscriptionDraft = {
  readonly types: readonly string[];
  readonly url: string;
  readonly method: string;
  readonly headers: readonly Pair[];
  readonly delivery: DeliveryDraft;
  readonly order: OrderDraft;
};

/** Of one that is there, or a new one. */
export const subscriptionDraftOf = (subscription: Subscription | undefined): SubscriptionDraft => ({
  types: subscription === undefined ? [] : [subscription.event_type],
  url: subscription?.callback_url ?? "",
  method: subscription?.method_type ?? "POST",
  headers: pairsOf(subscription?.headers),
  delivery: deliveryDraftOf(subscription?.delivery),
  order: orderDraftOf(subscription?.order),
});

/** The whole subscription: an edit overwrites all of it. */
export const subscriptionOf = (draft: SubscriptionDraft): SubscriptionFields => {
  const delivery = policyOf(draft.delivery);
  const order = orderOf(draft.order);
  const [only] = draft.types;
  return {
    event_type: draft.types.length === 1 && only !== undefined ? only : draft.types,
    callback_url: draft.url.trim(),
    method_type: draft.method as Subscription["method_type"],
    headers: recordOf(draft.headers),
    ...(delivery === undefined ? {} : { delivery }),
    ...(order === undefined ? {} : { order }),
  };
};
