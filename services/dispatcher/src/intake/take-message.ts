import type { JsMsg } from "@nats-io/jetstream";
import { deliveryId } from "@ringback/contracts/events/event";
import type { ReadRetry } from "@ringback/contracts/deliveries/retry-message";
import type { TraceContext } from "@ringback/contracts/trace-context";
import type { Incoming } from "@ringback/runtime/streams/consume";
import { isUnavailable } from "@ringback/runtime/nats/errors";
import { logRepeated } from "@ringback/runtime/telemetry/repeated";
import type { DeferrableDelivery } from "../delivery/delivery.ts";
import type { ReadingLock } from "../delivery/delivery-result.ts";
import { messageIds } from "../settle/attempt-log.ts";
import { setAside } from "../settle/dead-letter.ts";
import {
  mayBeRedelivered,
  type InFlightMessage,
  type InFlightRegistry,
  type MessageTrace,
} from "../settle/in-flight.ts";
import { nakWithBackoff, settleDeadLetter } from "../settle/settle.ts";
import { handleEvent, type EventDeps } from "./handle-event.ts";
import { handleRetry, handleUnreadableRetry } from "./handle-retry.ts";
import { readRetryMessage } from "./read-retry.ts";
import { isSuspect } from "./suspects.ts";
import { handleUnexpectedError, type UnexpectedErrorDeps } from "./unexpected-error.ts";

/** Starts the span of a message in flight. */
export type TraceMessages = {
  readonly event: (message: JsMsg) => MessageTrace;
  /** `first`: the delivery's first trace. */
  readonly retry: (message: JsMsg, first: TraceContext | undefined) => MessageTrace;
};

export type MessageDeps = EventDeps &
  UnexpectedErrorDeps & {
    /** Where deliveries are traced. */
    readonly traceMessages?: TraceMessages | undefined;
  };

export type Taking = {
  readonly deps: MessageDeps;
  readonly lockFor: (message: JsMsg) => ReadingLock;
  readonly registry: InFlightRegistry;
};

/** Puts a message of EVENTS in flight, and works on it. */
export const takeEvent = (incoming: Incoming, taking: Taking): void => {
  const { message, mayBeHandled } = incoming;
  const { deps, registry } = taking;
  const key = deliveryId(message.seq);
  const inFlight = addTo(registry, key, incoming);
  if (inFlight === undefined) return;
  inFlight.trace = deps.traceMessages?.event(message);
  void work(key, inFlight, taking, {
    handle: () => handleEvent(inFlight, mayBeHandled, deps),
    // Before its deliveries are known the event itself has to come again.
    delivery: () => inFlight.delivery,
  });
};

/** Puts a message of RETRIES in flight, and works on it. */
export const takeRetry = (incoming: Incoming, taking: Taking): void => {
  const { message, mayBeHandled } = incoming;
  if (isSuspect(message)) return takeSuspectRetry(incoming, taking);
  const { deps, registry } = taking;
  const read = readRetryMessage(message);
  const retry = read.kind === "retry" ? read.retry : undefined;
  const key = retry?.deliveryId ?? `unreadable:${message.seq}`;
  const start = (inFlight: InFlightMessage): void => {
    inFlight.trace = deps.traceMessages?.retry(message, retry?.trace);
    void work(key, inFlight, taking, {
      handle: () =>
        read.kind === "retry"
          ? handleRetry(inFlight, read.retry, mayBeHandled, deps)
          : handleUnreadableRetry(inFlight, read.message, deps),
      delivery: () => retry,
    });
  };
  const added = registry.add(key, message, incoming.pulledMs);
  if (added.kind === "added") start(added.inFlight);
  if (added.kind === "other") void startWhenFree(key, incoming, registry, start);
};

/** A delivery that was put off may be brought forward before the message that put it off has ended here. */
const ENDS_WITHIN_MS = 1_000;

const startWhenFree = async (
  key: string,
  { message, pulledMs }: Incoming,
  registry: InFlightRegistry,
  start: (inFlight: InFlightMessage) => void,
): Promise<void> => {
  const added = await registry.addWhenFree(key, message, pulledMs, ENDS_WITHIN_MS);
  if (added.kind === "added") start(added.inFlight);
  if (added.kind === "other") nakWithBackoff({ message });
};

/** Parsed only while no other suspect is: until then it is in flight under a key of its own. */
const takeSuspectRetry = (incoming: Incoming, taking: Taking): void => {
  const { deps, registry } = taking;
  const { message } = incoming;
  const unread = `unread:${message.seq}`;
  const inFlight = addTo(registry, unread, incoming);
  if (inFlight === undefined) return;
  let read: ReadRetry | undefined;
  void work(unread, inFlight, taking, {
    handle: async () => {
      read = readRetryMessage(message);
      if (read.kind === "invalid") return handleUnreadableRetry(inFlight, read.message, deps);
      const { deliveryId: key, trace } = read.retry;
      if (addTo(registry, key, incoming) === undefined) return;
      try {
        inFlight.trace = deps.traceMessages?.retry(message, trace);
        await handleRetry(inFlight, read.retry, true, deps);
      } finally {
        registry.remove(key);
      }
    },
    delivery: () => (read?.kind === "retry" ? read.retry : undefined),
  });
};

/** The message in flight; undefined where its delivery is already. */
const addTo = (
  registry: InFlightRegistry,
  key: string,
  { message, pulledMs }: Incoming,
): InFlightMessage | undefined => {
  const added = registry.add(key, message, pulledMs);
  if (added.kind === "added") return added.inFlight;
  if (added.kind === "other") nakWithBackoff({ message });
  return undefined;
};

type Work = {
  readonly handle: () => Promise<void>;
  /** The message's delivery, as far as it is parsed. */
  readonly delivery: () => DeferrableDelivery | undefined;
};

/** Works on one message, and never throws. */
const work = async (
  key: string,
  inFlight: InFlightMessage,
  { deps, lockFor, registry }: Taking,
  { handle, delivery }: Work,
): Promise<void> => {
  const { message } = inFlight;
  try {
    if (mayBeRedelivered(inFlight)) {
      const ids = messageIds(inFlight, delivery(), deps.store);
      return deps.log.info({ key, ...ids }, "delivery.left_alone");
    }
    if (isSuspect(message)) inFlight.readingLock = lockFor(message);
    if ((await inFlight.readingLock?.acquire()) === "convicted") {
      inFlight.readingLock?.release();
      await deadLetterUnread(inFlight, deps);
    } else await handle();
  } catch (error) {
    // The broker brings it again; the fence then knows what was done.
    if (isUnavailable(error)) {
      const ids = messageIds(inFlight, delivery(), deps.store);
      logRepeated(deps.log, { err: error, key, ...ids }, "delivery.interrupted");
      inFlight.trace?.span.fail("unavailable");
      if (!mayBeRedelivered(inFlight)) nakWithBackoff(inFlight);
    } else await handleUnexpectedError(inFlight, error, delivery, deps);
  } finally {
    inFlight.readingLock?.release();
    inFlight.trace?.span.end();
    registry.remove(key);
  }
};

/** Dead-letters a message that killed the processes which read it, without reading it. */
const deadLetterUnread = async (inFlight: InFlightMessage, deps: MessageDeps): Promise<void> => {
  const { subject, seq, info } = inFlight.message;
  const ids = { ...messageIds(inFlight, undefined, deps.store), subject, seq };
  deps.log.error({ ...ids, handed_out: info.deliveryCount }, "delivery.set_aside");
  deps.metrics.platformFaults.inc({ fault: "unexpected" });
  await settleDeadLetter(inFlight, setAside(inFlight.message, deps), deps, `set_aside:${seq}`);
};
