import { isEndpointId } from "../endpoints/endpoint-id.ts";
import { deliveryId } from "../events/event-id.ts";

/** Distinguishes the redeliveries of an event to one destination. */
const TOKEN = /^[A-Za-z0-9_-]{1,64}$/;

/** `<event_seq>`, then `-<endpoint_id>` for an endpoint, then `-<token>` for a redelivery. */
const FORM = /^([1-9]\d{0,15})(?:-(ep_[a-z2-7]{16}))?(?:-([A-Za-z0-9_-]{1,64}))?$/;

/** What the id of a delivery says. */
export type DeliveryIdParts = {
  readonly eventSeq: number;
  /** Undefined: it goes to the agent's subscription. */
  readonly endpointId: string | undefined;
  /** Undefined: it is the first delivery of the event to this destination. */
  readonly token: string | undefined;
};

/** The id of an event's first delivery to an endpoint, or to its agent's subscription. */
export const firstDeliveryId = (eventSeq: number, endpointId?: string): string => {
  if (endpointId === undefined) return deliveryId(eventSeq);
  if (isEndpointId(endpointId)) return `${deliveryId(eventSeq)}-${endpointId}`;
  throw new TypeError(`'${endpointId}' is no id of an endpoint`);
};

/** The id of a redelivery. */
export const redeliveryDeliveryId = (
  eventSeq: number,
  token: string,
  endpointId?: string,
): string => {
  if (TOKEN.test(token) && !isEndpointId(token)) {
    return `${firstDeliveryId(eventSeq, endpointId)}-${token}`;
  }
  throw new TypeError(`'${token}' is no token: expected 1 to 64 of A-Z a-z 0-9 _ -`);
};

/** The parts of a delivery's id; undefined where it is none. */
export const deliveryIdParts = (id: string): DeliveryIdParts | undefined => {
  const [, eventSeq, endpointId, token] = FORM.exec(id) ?? [];
  return eventSeq === undefined ? undefined : { eventSeq: Number(eventSeq), endpointId, token };
};

/** The endpoint that a delivery goes to; undefined for the agent's subscription. */
export const endpointIdOf = (id: string): string | undefined => deliveryIdParts(id)?.endpointId;

/**
 * The endpoint that a dead letter is about; undefined: the agent's subscription, or an event that was given up before
 * its destinations were known.
 */
export const endpointIdIn = (deadLetter: {
  readonly [field: string]: unknown;
}): string | undefined => {
  const { endpoint_id, delivery_id } = deadLetter;
  if (typeof endpoint_id === "string" && isEndpointId(endpoint_id)) return endpoint_id;
  return typeof delivery_id === "string" ? endpointIdOf(delivery_id) : undefined;
};

/** The message id of a requested attempt: publishing it again stores nothing. */
export const redeliveryMessageId = (id: string, attempt: number): string => `${id}:${attempt}`;

/** Whether this is the event's first delivery to its agent's subscription. */
export const isFirstToAgent = (id: string, eventSeq: number): boolean =>
  id === deliveryId(eventSeq);

/** Whether this is the event's first delivery to its destination, not a redelivery. */
export const isFirstDelivery = (id: string): boolean => deliveryIdParts(id)?.token === undefined;

/**
 * The fields that name a delivery in records, dead letters and log lines; none for the first one to the agent's
 * subscription, as before there were redeliveries and endpoints.
 */
export const deliveryIds = (delivery: {
  readonly deliveryId: string;
  readonly eventSeq: number;
  readonly redeliveryId?: string | undefined;
}): {
  readonly delivery_id?: string;
  readonly endpoint_id?: string;
  readonly redelivery_id?: string;
} => {
  const { deliveryId: id, eventSeq, redeliveryId } = delivery;
  const endpoint_id = endpointIdOf(id);
  return {
    ...(isFirstToAgent(id, eventSeq) ? {} : { delivery_id: id }),
    ...(endpoint_id === undefined ? {} : { endpoint_id }),
    ...(redeliveryId === undefined ? {} : { redelivery_id: redeliveryId }),
  };
};
