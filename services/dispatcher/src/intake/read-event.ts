import type { JsMsg } from "@nats-io/jetstream";
import type { Trigger } from "@ringback/contracts/deliveries/attempt";
import { firstDeliveryId } from "@ringback/contracts/deliveries/delivery-id";
import type { EventAddress } from "@ringback/contracts/events/event";
import {
  checkEvent,
  type CheckedEvent,
  type EventRules,
} from "@ringback/contracts/events/event-check";
import { headersProblem } from "@ringback/contracts/events/event-headers";
import { isTestEvent, testedEndpoint } from "@ringback/contracts/events/test-event";
import { readTraceContext, type TraceContext } from "@ringback/contracts/trace-context";
import { headerIn, rawHeaders } from "@ringback/runtime/nats/message-headers";
import type { DeliveryStore } from "../settle/delivery-store.ts";

/** The event in a message of EVENTS. Of its headers, which are the producer's, only the trigger and the trace have an effect. */
export const readEvent = (message: JsMsg, rules: EventRules): CheckedEvent => {
  const problem = headersProblem(rawHeaders(message));
  if (problem !== undefined) return { kind: "invalid", message: problem };
  return checkEvent(message.subject, message.data, rules);
};

/** The first attempt of the event in a message, to its agent's subscription unless an id of a delivery is given. */
export const firstAttemptOf = (
  message: JsMsg,
  address: EventAddress,
  id = firstDeliveryId(message.seq),
) => ({
  address,
  eventSeq: message.seq,
  deliveryId: id,
  attempt: 1,
  trigger: triggerOf(message),
  deferrals: 0,
  trace: producersTrace(message),
});

/** The trace in which its producer published an event. */
export const producersTrace = (message: JsMsg): TraceContext | undefined =>
  readTraceContext(headerOf(message));

const triggerOf = (message: JsMsg): Trigger => (isTestEvent(headerOf(message)) ? "test" : "event");

/** The only delivery of a test event; undefined: the event is none. */
export const testedDeliveryOf = (message: JsMsg): string | undefined => {
  const header = headerOf(message);
  return isTestEvent(header) ? firstDeliveryId(message.seq, testedEndpoint(header)) : undefined;
};

const headerOf = (message: JsMsg): ((name: string) => string) => {
  const raw = rawHeaders(message);
  return (name) => headerIn(raw, name);
};

/** Reads an event's body again after it was dropped. */
export const bodyReader =
  (eventSeq: number, store: Pick<DeliveryStore, "readEvent">) => async (): Promise<Uint8Array> => {
    const event = await store.readEvent(eventSeq);
    if (event === undefined) throw new Error(`EVENTS has the event ${eventSeq} no more`);
    return event.body;
  };
