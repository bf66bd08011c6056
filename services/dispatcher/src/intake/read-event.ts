import type { JsMsg } from "@nats-io/jetstream";
import type { Trigger } from "@ringback/contracts/deliveries/attempt";
import { deliveryId, type EventAddress } from "@ringback/contracts/events/event";
import {
  checkEvent,
  type CheckedEvent,
  type EventRules,
} from "@ringback/contracts/events/event-check";
import { headersProblem } from "@ringback/contracts/events/event-headers";
import { isTestEvent } from "@ringback/contracts/events/test-event";
import { headerIn, rawHeaders } from "@ringback/runtime/nats/message-headers";
import type { DeliveryStore } from "../settle/delivery-store.ts";

/** The event in a message of EVENTS. Of its headers, which are the producer's, only `triggerOf` has an effect. */
export const readEvent = (message: JsMsg, rules: EventRules): CheckedEvent => {
  const problem = headersProblem(rawHeaders(message));
  if (problem !== undefined) return { kind: "invalid", message: problem };
  return checkEvent(message.subject, message.data, rules);
};

/** The first attempt of the event in a message. */
export const firstAttemptOf = (message: JsMsg, address: EventAddress) => ({
  address,
  eventSeq: message.seq,
  deliveryId: deliveryId(message.seq),
  attempt: 1,
  trigger: triggerOf(message),
  deferrals: 0,
});

const triggerOf = (message: JsMsg): Trigger => {
  const raw = rawHeaders(message);
  return isTestEvent((name) => headerIn(raw, name)) ? "test" : "event";
};

/** Reads an event's body again after it was dropped. */
export const bodyReader =
  (eventSeq: number, store: Pick<DeliveryStore, "readEvent">) => async (): Promise<Uint8Array> => {
    const event = await store.readEvent(eventSeq);
    if (event === undefined) throw new Error(`EVENTS has the event ${eventSeq} no more`);
    return event.body;
  };
