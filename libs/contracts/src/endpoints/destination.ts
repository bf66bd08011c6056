import type { DeliveryOrder } from "../agents/delivery-order.ts";
import type { Subscription } from "../agents/subscription.ts";
import { endpointOwner } from "../secrets/endpoint-secrets.ts";
import { subscriptionOwner, type SecretsOwner } from "../secrets/subscription-secrets.ts";
import type { EventAddress } from "../streams/subjects.ts";
import { subscriptionOf, type Endpoint } from "./endpoint.ts";

/** Who an event is for, before filters are asked. */
export type Candidates = {
  /** The event's agent has a subscription of its type. */
  readonly isSubscribed: boolean;
  /** The endpoints that are on and choose events of its agent and type. */
  readonly endpoints: readonly DeliverableEndpoint[];
};

/** What deliveries need of an endpoint. */
export type DeliverableEndpoint = Omit<
  Endpoint,
  "workspace_id" | "description" | "metadata" | "updated_at" | "switched_at" | "while_off"
>;

/** Where a delivery is sent, as it is now: an agent's subscription, or an endpoint in the same form. */
export type FoundDestination = {
  /** With its secrets sealed. */
  readonly subscription: Subscription;
  /** Whose secrets they are. */
  readonly owner: SecretsOwner;
  /** Of an endpoint: the customer's own id. */
  readonly uid?: string | undefined;
  readonly order?: DeliveryOrder | undefined;
  /** Nothing is sent until it is resumed. */
  readonly isPaused?: boolean;
};

/** An agent's subscription as a destination. */
export const subscriptionDestination = (
  address: EventAddress,
  subscription: Subscription,
): FoundDestination => ({
  subscription,
  owner: subscriptionOwner(address, subscription.event_type),
  order: subscription.order,
});

/** An endpoint as a destination of an event of this type; undefined: it is disabled. */
export const endpointDestination = (
  endpoint: DeliverableEndpoint,
  { workspaceId, eventType }: EventAddress,
): FoundDestination | undefined => {
  if (endpoint.switch === "disabled") return undefined;
  return {
    subscription: subscriptionOf(endpoint, eventType),
    owner: endpointOwner({ workspaceId, endpointId: endpoint.endpoint_id }),
    uid: endpoint.uid,
    order: endpoint.order,
    isPaused: endpoint.switch === "paused",
  };
};
