import { deliveryId, type EventAddress } from "@ringback/contracts/events/event";
import {
  checkEvent,
  type CheckedEvent,
  type EventRules,
} from "@ringback/contracts/events/event-check";
import { headersProblem } from "@ringback/contracts/events/event-headers";
import type { Trigger } from "@ringback/contracts/deliveries/attempt";
import { eventTypeLabel } from "@ringback/contracts/events/event-types";
import { isTestEvent } from "@ringback/contracts/events/test-event";
import { elapsedMs } from "@ringback/runtime/process/elapsed";
import { headerIn, letGoOfContent, rawHeaders } from "@ringback/runtime/nats/message-headers";
import type { Tracer } from "@ringback/runtime/telemetry/tracing";
import type { HoldBackPolicy } from "../delivery/decide/retry.ts";
import { deliver, type DeliverDeps } from "../delivery/deliver.ts";
import { traceIds, traceTurn } from "../tracing/delivery-span.ts";
import { idsOf, type Delivery } from "../delivery/delivery.ts";
import { standingOf } from "./attempt-state.ts";
import type { OnWarnings } from "./event-warnings.ts";
import { heldBody, type HeldBody } from "../delivery/held-body.ts";
import type { Journal } from "../settle/delivery-store.ts";
import type { InHand } from "../settle/in-flight.ts";
import { invalidEvent } from "../settle/invalid-event.ts";
import {
  giveBack,
  settleAttempt,
  settleDeadLetter,
  settleDone,
  settlePutOff,
  settleRecorded,
  type SettleDeps,
} from "../settle/settle.ts";
import { lastLook } from "../settle/still-ours.ts";
import type { SubscriptionView } from "../delivery/subscriptions.ts";
import type { Desk } from "./suspects.ts";

export type HandleDeps = SettleDeps &
  DeliverDeps & {
    readonly holdBack: HoldBackPolicy;
    readonly eventRules: EventRules;
    readonly onWarnings: OnWarnings;
    /** Whether a workspace added this type, by what the stream says now. */
    readonly findOwnType: SubscriptionView["findOwnType"];
    /** What this machine's clock said when NATS's said `serverMs`. */
    readonly ownTimeOf: (serverMs: number) => number;
    /** Where deliveries are traced. */
    readonly tracer?: Tracer | undefined;
  };

/** A message of EVENTS: understand it, make sure that it was not handled before, deliver it. */
export const handleEvent = async (
  hand: InHand,
  mayBeHandled: boolean,
  deps: HandleDeps,
): Promise<void> => {
  const { message } = hand;
  const eventId = deps.journal.eventId(message.seq);
  const read = await eventNow(hand, deps);
  if (read.kind !== "event") {
    deps.metrics.events.inc({ event_type: typeInSubject(message.subject), result: "invalid" });
    await settleDeadLetter(hand, invalidEvent(hand, eventId, read.message, deps.now()), deps);
    return;
  }
  if (read.warnings.length > 0) deps.onWarnings(read.address.eventType, read.warnings);
  const first = firstOf(hand, read.address);
  hand.delivery = first;
  const delivery: Delivery = {
    ...first,
    eventId,
    storedAtMs: deps.ownTimeOf(message.info.timestampNanos / 1e6),
    body: bodyOf(hand, deps),
    dueMs: undefined,
  };
  if (!mayBeHandled) return turn(hand, delivery, 0, deps);

  hand.lookedMs = elapsedMs();
  const standing = await standingOf(delivery, deps);
  switch (standing.kind) {
    case "recorded":
      return settleRecorded(hand, delivery.deliveryId, standing.last, deps);
    case "pending":
      return settleDone(hand, deps);
    case "open":
      return turn(hand, delivery, standing.after, deps);
    default:
      return standing satisfies never;
  }
};

/** A type that is not known here may have been added a moment ago: nothing would bring its event back. */
const eventNow = async (hand: InHand, deps: HandleDeps): Promise<CheckedEvent> => {
  const read = eventIn(hand, deps.eventRules);
  if (read.kind !== "unknown_type" || !(await deps.findOwnType(read.address))) return read;
  return eventIn(hand, deps.eventRules);
};

/** The first attempt of the event in a message. */
export const firstOf = (hand: Pick<InHand, "message">, address: EventAddress) => {
  const { seq } = hand.message;
  const ids = { eventSeq: seq, deliveryId: deliveryId(seq) };
  return { address, ...ids, attempt: 1, trigger: triggerIn(hand), deferrals: 0 };
};

const bodyOf = (hand: InHand, { journal }: HandleDeps): HeldBody => {
  const { data, seq } = hand.message;
  return heldBody(data, readAgain(seq, journal), () => {
    letGoOfContent(hand.message);
    hand.weigh(0);
  });
};

/** For an event's body that was let go. */
export const readAgain =
  (eventSeq: number, journal: Pick<Journal, "readEvent">) => async (): Promise<Uint8Array> => {
    const event = await journal.readEvent(eventSeq);
    if (event === undefined) throw new Error(`EVENTS has the event ${eventSeq} no more`);
    return event.body;
  };

/**
 * What a message of EVENTS says. Its headers are measured and only one of them steers a delivery
 * (`triggerIn`): they are the producer's. (A trace is looked for in them where deliveries are traced.)
 */
export const eventIn = ({ message }: Pick<InHand, "message">, rules: EventRules): CheckedEvent => {
  const problem = headersProblem(rawHeaders(message));
  if (problem !== undefined) return { kind: "invalid", message: problem };
  return checkEvent(message.subject, message.data, rules);
};

/** Why the event in a message is delivered at all: it happened, or somebody tries their endpoint. */
export const triggerIn = ({ message }: Pick<InHand, "message">): Trigger => {
  const raw = rawHeaders(message);
  return isTestEvent((name) => headerIn(raw, name)) ? "test" : "event";
};

/** One turn of a delivery, made final. `after`: the sequence of its last record, 0 for none. */
export const turn = async (
  hand: InHand,
  delivery: Delivery,
  after: number,
  deps: HandleDeps,
): Promise<void> => {
  traceIds(hand.trace, delivery);
  const { desk, trace } = hand;
  const result = await deliver(delivery, desk === undefined ? deps : leaving(desk, deps), {
    parent: trace?.span.context,
    lastLook: () => lastLook(hand, delivery, after, deps.journal),
    desk,
  });
  traceTurn(hand.trace, result);
  if (result.kind === "closed") return giveBack(hand);
  if (result.kind === "left") return leaveAlone(delivery, deps);
  countEvent(delivery, result.kind === "no_subscription", deps);
  switch (result.kind) {
    case "attempted":
      await settleAttempt(hand, delivery, result.record, after, deps);
      return;
    case "no_subscription":
      settleDone(hand, deps);
      return;
    case "deferred":
      await settlePutOff(hand, delivery, result.atMs, deps);
      deps.metrics.deferred.inc({ reason: result.reason });
      return;
    case "held_back": {
      const { fault, detail, atMs } = result;
      deps.metrics.ownFaults.inc({ fault });
      const at = new Date(atMs).toISOString();
      deps.log.error({ ...idsOf(delivery), fault, detail, at }, "delivery.held_back");
      await settlePutOff(hand, delivery, atMs, deps);
      return;
    }
    default:
      return result satisfies never;
  }
};

/** The desk is left once the request is on its way: what an answer may cost is bounded where it is read. */
const leaving = (desk: Desk, deps: HandleDeps): HandleDeps => ({
  ...deps,
  send: (request) => {
    const sending = deps.send(request);
    desk.leave();
    return sending;
  },
});

/** No word to the server: to whomever it has given the message, it is theirs. */
const leaveAlone = (delivery: Delivery, { log }: HandleDeps): void =>
  log.info({ ...idsOf(delivery), attempt: delivery.attempt }, "delivery.left_alone");

/** An event is counted once, when it comes straight from EVENTS. */
const countEvent = (delivery: Delivery, isUnwanted: boolean, { metrics }: HandleDeps): void => {
  if (delivery.attempt !== 1 || delivery.dueMs !== undefined) return;
  const result = isUnwanted ? "no_subscription" : "accepted";
  metrics.events.inc({ event_type: eventTypeLabel(delivery.address.eventType), result });
};

const typeInSubject = (subject: string): string => eventTypeLabel(subject.split(".").at(-1) ?? "");
