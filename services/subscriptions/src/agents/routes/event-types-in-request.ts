import { policyToStore } from "@ringback/contracts/agents/delivery-policy";
import type { EventType } from "@ringback/contracts/events/event-types";
import type { Subscription } from "@ringback/contracts/agents/subscription";
import type { FieldError } from "../../http/problem.ts";
import type { EditRequest, PatchRequest } from "./patch-schema.ts";

/** An event type, and the path of the field that names it. */
export type Named = { readonly eventType: EventType; readonly path: string };

/**
 * One subscription for each event type that the request names, in its order. A request cannot set signing keys
 * in this way: the agent's own stay.
 */
export const subscriptionsOf = ({ event_subscriptions }: EditRequest): Subscription[] =>
  event_subscriptions.flatMap(({ event_type, signing: _asRead, delivery, order, ...rest }) => {
    const policy = policyToStore(delivery);
    const set = { ...rest, ...(policy && { delivery: policy }), ...(order && { order }) };
    return [event_type].flat().map((type) => ({ event_type: type, ...set }));
  });

/** Every event type that the request names, with its path. */
export const namedIn = (body: PatchRequest): Named[] => {
  if (body.operation === "rename_agent") return [];
  if (body.operation !== "edit_event_subscriptions") {
    const { event_types: types = [] } = body;
    return types.map((eventType, n) => ({ eventType, path: `event_types.${n}` }));
  }
  return body.event_subscriptions.flatMap(({ event_type }, n) => {
    const path = `event_subscriptions.${n}.event_type`;
    return typeof event_type === "string"
      ? [{ eventType: event_type, path }]
      : event_type.map((eventType, m) => ({ eventType, path: `${path}.${m}` }));
  });
};

/** An error for each event type that was named before. */
export const repeatedIn = (named: readonly Named[]): FieldError[] =>
  named
    .filter(({ eventType }, n) => named.findIndex((one) => one.eventType === eventType) < n)
    .map(({ eventType, path }) => ({ path, message: `names ${eventType} again` }));
