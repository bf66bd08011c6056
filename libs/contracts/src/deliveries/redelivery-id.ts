import { deliveryId } from "../events/event.ts";

/** What tells one redelivery of an event from another; with the event's sequence it is an id. */
const TOKEN = /^[A-Za-z0-9_-]{1,64}$/;

/** The id of a redelivery: a delivery of its own, of an event that had others before. */
export const redeliveryDeliveryId = (sequence: number, token: string): string => {
  if (TOKEN.test(token)) return `${deliveryId(sequence)}-${token}`;
  throw new TypeError(`'${token}' is no token: expected 1 to 64 of A-Z a-z 0-9 _ -`);
};

/** The message that starts an attempt by request: published again, it is the same message. */
export const redeliveryMessageId = (id: string, attempt: number): string => `${id}:${attempt}`;

/** Whether this is the delivery that follows from the event itself. */
export const isFirstDelivery = (id: string, sequence: number): boolean =>
  id === deliveryId(sequence);

/**
 * What names a delivery besides its event, as records, dead letters and log lines carry it: nothing for
 * a first delivery, so that those stay as they were before there were others.
 */
export const redeliveryIds = (delivery: {
  readonly deliveryId: string;
  readonly eventSeq: number;
  readonly redeliveryId?: string | undefined;
}): { readonly delivery_id?: string; readonly redelivery_id?: string } => {
  const { deliveryId: id, eventSeq, redeliveryId } = delivery;
  return {
    ...(isFirstDelivery(id, eventSeq) ? {} : { delivery_id: id }),
    ...(redeliveryId === undefined ? {} : { redelivery_id: redeliveryId }),
  };
};
