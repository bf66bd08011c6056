import type { CheckedEvent, EventRules } from "@ringback/contracts/events/event-check";
import type { EventAddress } from "@ringback/contracts/events/event";
import { elapsedMs } from "@ringback/runtime/process/elapsed";
import { releaseContent } from "@ringback/runtime/nats/message-headers";
import { heldBody } from "../delivery/held-body.ts";
import { invalidEvent } from "../settle/dead-letter.ts";
import type { InFlightMessage } from "../settle/in-flight.ts";
import { settleDeadLetter, settleDone } from "../settle/settle.ts";
import { attemptStateOf } from "./attempt-state.ts";
import type { eventWarningCounter } from "./event-warnings.ts";
import { fanOut, type FanOutDeps } from "./fan-out.ts";
import {
  processDelivery,
  processRecorded,
  settleUnwanted,
  type ProcessDeps,
} from "./process-delivery.ts";
import {
  bodyReader,
  firstAttemptOf,
  producersTrace,
  readEvent,
  testedDeliveryOf,
} from "./read-event.ts";

export type EventDeps = ProcessDeps &
  FanOutDeps & {
    readonly eventRules: EventRules;
    /** Called with the values of an event that its readers may not expect. */
    readonly onWarnings: ReturnType<typeof eventWarningCounter>;
    /** Whether the workspace added this type, as the stream says now. */
    readonly findOwnType: (address: EventAddress) => Promise<boolean>;
    /** This machine's time when NATS's clock said `serverMs`. */
    readonly ownTimeOf: (serverMs: number) => number;
  };

/** A message of EVENTS: parses it, checks that it was not handled before, processes its delivery. */
export const handleEvent = async (
  inFlight: InFlightMessage,
  mayBeHandled: boolean,
  deps: EventDeps,
): Promise<void> => {
  const { message } = inFlight;
  const read = await readNow(inFlight, deps);
  if (read.kind !== "event") {
    return settleDeadLetter(inFlight, invalidEvent(message, read.message, deps), deps);
  }
  const planned = await plannedDelivery(inFlight, read.address, mayBeHandled, deps);
  const storedAtMs = deps.ownTimeOf(message.info.timestampNanos / 1e6);
  const first = { ...firstAttemptOf(message, read.address, planned), storedAtMs };
  inFlight.delivery = first;
  const dropBody = (): void => {
    releaseContent(message);
    inFlight.setBytes(0);
  };
  const delivery = {
    ...first,
    eventId: deps.store.eventId(message.seq),
    body: heldBody(message.data, bodyReader(message.seq, deps.store), dropBody),
    dueMs: undefined,
  };
  if (read.warnings.length > 0) deps.onWarnings(delivery, read.warnings);
  const processAfter = (afterSeq: number): Promise<void> =>
    processDelivery({ inFlight, delivery, afterSeq }, deps);
  if (!mayBeHandled) {
    if (planned === undefined) return settleUnwanted({ inFlight, delivery, afterSeq: 0 }, deps);
    return processAfter(0);
  }

  inFlight.recordReadMs = elapsedMs();
  const state = await attemptStateOf(delivery, deps);
  switch (state.kind) {
    case "recorded":
      return processRecorded(inFlight, delivery, state.last, deps);
    case "pending":
      return settleDone(inFlight, deps);
    case "open":
      return processAfter(state.after);
    default:
      return state satisfies never;
  }
};

/** The id of the delivery to make here; the event's others are on their way. Undefined: nobody wants it. */
const plannedDelivery = async (
  { message, trace }: InFlightMessage,
  address: EventAddress,
  mayBeHandled: boolean,
  deps: EventDeps,
): Promise<string | undefined> => {
  const tested = testedDeliveryOf(message);
  if (tested !== undefined) return tested;
  const event = {
    address,
    eventSeq: message.seq,
    storedAtMs: Math.floor(message.info.timestampNanos / 1e6),
    body: message.data,
    trace: trace?.origin ?? producersTrace(message),
  };
  return (await fanOut(event, mayBeHandled, deps))?.delivery_id;
};

/** An unknown type may have been added a moment ago, and nothing would bring its event back. */
const readNow = async (
  { message }: InFlightMessage,
  { eventRules, findOwnType }: EventDeps,
): Promise<CheckedEvent> => {
  const read = readEvent(message, eventRules);
  if (read.kind !== "unknown_type" || !(await findOwnType(read.address))) return read;
  return readEvent(message, eventRules);
};
