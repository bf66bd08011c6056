import { deliveryId } from "../events/event.ts";

/** Distinguishes the redeliveries of an event; with the event's sequence it is an id. */
const TOKEN = /^[A-Za-z0-9_-]{1,64}$/;

/** The id of a redelivery. */
export const redeliveryDeliveryId = (sequence: number, token: string): string => {
  if (TOKEN.test(token)) return `${deliveryId(sequence)}-${token}`;
  throw new TypeError(`'${token}' is no token: expected 1 to 64 of A-Z a-z 0-9 _ -`);
};

/** The message id of a requested attempt: publishing it again stores nothing. */
export const redeliveryMessageId = (id: string, attempt: number): string => `${id}:${attempt}`;

/** Whether this is the event's first delivery, not a redelivery. */
export const isFirstDelivery = (id: string, sequence: number): boolean =>
  id === deliveryId(sequence);

/**
 * The fields that name a delivery in records, dead letters and log lines; none for a first delivery, as before
 * there were redeliveries.
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
