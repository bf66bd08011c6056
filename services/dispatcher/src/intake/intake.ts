import { deliveryId } from "@ringback/contracts/events/event";
import type { ReadRetry } from "@ringback/contracts/deliveries/retry-message";
import {
  DISPATCHER_CONSUMER,
  DISPATCHER_FILTERS,
  STREAMS,
} from "@ringback/contracts/streams/subjects";
import { consume, type Consuming, type Incoming } from "@ringback/runtime/streams/consume";
import type { Nats } from "@ringback/runtime/nats/connection";
import { isUnavailable } from "@ringback/runtime/nats/errors";
import type { StreamManagement } from "@ringback/runtime/streams/stream-management";
import type { StreamCreation } from "@ringback/runtime/streams/streams";
import { traceEvent, traceRetry } from "../tracing/delivery-span.ts";
import { SWEEP_EVERY_MS } from "../limits/limiter.ts";
import { handleEvent, type HandleDeps } from "./handle-event.ts";
import { handleRetry, handleUnreadableRetry, retryIn } from "./handle-retry.ts";
import {
  handRegistry,
  mayBeElsewhere,
  type HandRegistry,
  type InHand,
} from "../settle/in-flight.ts";
import { setAside } from "./set-aside.ts";
import { giveBackAgain, type PutOff } from "../settle/settle.ts";
import { createSuspects, isSuspect, type Suspects } from "./suspects.ts";
import { firstAttempt, handleUnexpectedError } from "./unexpected-error.ts";

/** One pull asks for at most this many, so that EVENTS and RETRIES share the room. */
const MAX_PULL = 256;
const ROOM_WAIT_MS = 1_000;

/** Beyond the attempts at once: messages that are read ahead, wait in line, or are being settled. */
const READ_AHEAD = 512;

export type IntakeOptions = {
  readonly nats: Nats;
  readonly maxInFlight: number;
  readonly deps: HandleDeps;
  readonly created: StreamCreation;
  readonly management: StreamManagement;
  readonly acknowledgedUpTo: () => number | undefined;
  readonly onStreamLost: (error: unknown) => void;
};

export type Intake = {
  readonly started: Promise<void>;
  /** When the slower of the two loops last went round, by the monotonic clock. */
  readonly lastTurnMs: () => number;
  /** Says which stream gives out nothing. */
  readonly problem: () => string | undefined;
  /** Pulls nothing more, gives back what was not begun, and waits for what is in work. */
  readonly stop: (outOfTime: AbortSignal) => Promise<void>;
};

/** Takes messages from EVENTS and RETRIES in hand, as many as there is room for, and works on them. */
export const startIntake = (options: IntakeOptions): Intake => {
  const { nats, deps } = options;
  const { gate } = deps;
  // Where nobody waits for long, a line that is full is a dispatcher that has enough to do.
  const roomInLine = (): number => READ_AHEAD - gate.inLine();
  const hands = handRegistry(options.maxInFlight + READ_AHEAD, roomInLine, () => isHeard(nats));
  const working = { deps, suspects: createSuspects(nats) };
  const sweeping = setInterval(gate.sweep, SWEEP_EVERY_MS);
  const room = async (): Promise<number> => Math.min(MAX_PULL, await hands.room(ROOM_WAIT_MS));
  const shared = { nats, room, onStreamLost: options.onStreamLost, log: deps.log };
  const events = consume({
    ...shared,
    wanted: wantedConsumer(STREAMS.events, options),
    acknowledgedUpTo: options.acknowledgedUpTo,
    take: (incoming) => takeEvent(incoming, hands, working),
  });
  const retries = consume({
    ...shared,
    wanted: wantedConsumer(STREAMS.retries, options),
    acknowledgedUpTo: () => undefined, // a work queue keeps what is not acknowledged, and no more
    take: (incoming) => takeRetry(incoming, hands, working),
  });
  const both: readonly Consuming[] = [events, retries];
  return {
    started: Promise.all(both.map(({ started }) => started)).then(() => undefined),
    lastTurnMs: () => Math.min(...both.map((consuming) => consuming.lastTurnMs())),
    problem: () => events.problem() ?? retries.problem(),
    stop: async (outOfTime) => {
      gate.close();
      clearInterval(sweeping);
      await Promise.all(both.map((consuming) => consuming.stop()));
      await hands.empty(outOfTime);
      hands.close();
    },
  };
};

const wantedConsumer = (
  stream: keyof typeof DISPATCHER_FILTERS,
  { created, management }: Pick<IntakeOptions, "created" | "management">,
) => {
  const filter = DISPATCHER_FILTERS[stream];
  const streamCreatedMs = created.get(stream) ?? 0;
  return { stream, name: DISPATCHER_CONSUMER, filter, streamCreatedMs, management };
};

/** The server answers in order: what it was told before, it has got. */
const isHeard = ({ connection }: Nats): Promise<boolean> =>
  connection.flush().then(
    () => true,
    () => false,
  );

type Working = { readonly deps: HandleDeps; readonly suspects: Suspects };

const takeEvent = (incoming: Incoming, hands: HandRegistry, working: Working): void => {
  const { message, mayBeHandled } = incoming;
  const key = deliveryId(message.seq);
  const hand = takenInHand(key, incoming, hands);
  if (hand === undefined) return;
  const { deps } = working;
  const { tracer } = deps;
  if (tracer !== undefined) hand.trace = traceEvent(message, tracer);
  void work(key, hand, hands, working, {
    handle: () => handleEvent(hand, mayBeHandled, deps),
    delivery: () => firstAttempt(hand, deps),
  });
};

/** The message in hand; undefined where its delivery is in work here already. */
const takenInHand = (
  key: string,
  { message, pulledMs }: Incoming,
  hands: HandRegistry,
): InHand | undefined => {
  const taken = hands.take(key, message, pulledMs);
  switch (taken.kind) {
    case "taken":
      return taken.hand;
    case "same":
      return undefined;
    case "other":
      giveBackAgain({ message });
      return undefined;
    default:
      return taken satisfies never;
  }
};

const takeRetry = (incoming: Incoming, hands: HandRegistry, working: Working): void => {
  if (isSuspect(incoming.message)) return takeSuspectRetry(incoming, hands, working);
  const { message, mayBeHandled } = incoming;
  const { deps } = working;
  const read = retryIn({ message });
  const key = read.kind === "retry" ? read.retry.deliveryId : `unreadable:${message.seq}`;
  const hand = takenInHand(key, incoming, hands);
  if (hand === undefined) return;
  if (deps.tracer !== undefined) {
    const first = read.kind === "retry" ? read.retry.trace : undefined;
    hand.trace = traceRetry(message, first, deps.tracer);
  }
  void work(key, hand, hands, working, {
    handle: () =>
      read.kind === "retry"
        ? handleRetry(hand, read.retry, mayBeHandled, deps)
        : handleUnreadableRetry(hand, read.message, deps),
    delivery: () => (read.kind === "retry" ? read.retry : undefined),
  });
};

/** Which delivery it is of is read when nothing else is: until then it is in hand under a name of its own. */
const takeSuspectRetry = (incoming: Incoming, hands: HandRegistry, working: Working): void => {
  const { deps } = working;
  const { message } = incoming;
  const unread = `unread:${message.seq}`;
  const hand = takenInHand(unread, incoming, hands);
  if (hand === undefined) return;
  let read: ReadRetry | undefined;
  void work(unread, hand, hands, working, {
    handle: async () => {
      read = retryIn(hand);
      if (read.kind === "invalid") return handleUnreadableRetry(hand, read.message, deps);
      const { deliveryId: key, trace } = read.retry;
      if (takenInHand(key, incoming, hands) === undefined) return;
      try {
        if (deps.tracer !== undefined) hand.trace = traceRetry(message, trace, deps.tracer);
        await handleRetry(hand, read.retry, true, deps);
      } finally {
        hands.drop(key);
      }
    },
    delivery: () => (read?.kind === "retry" ? read.retry : undefined),
  });
};

type Work = {
  readonly handle: () => Promise<void>;
  /** What the message is about, where that is known; asked when `handle` failed. */
  readonly delivery: () => PutOff | undefined;
};

/** Works on one message, and never throws. */
const work = async (
  key: string,
  hand: InHand,
  hands: HandRegistry,
  { deps, suspects }: Working,
  { handle, delivery }: Work,
): Promise<void> => {
  try {
    if (mayBeElsewhere(hand)) return deps.log.info({ key }, "delivery.left_alone");
    if (isSuspect(hand.message)) hand.desk = suspects.deskFor(hand.message);
    if ((await hand.desk?.enter()) === "convicted") {
      hand.desk?.leave();
      await setAside(hand, deps);
    } else await handle();
  } catch (error) {
    // The broker brings it again; the fence then knows what was done.
    if (isUnavailable(error)) {
      deps.log.warn({ err: error, key }, "delivery.interrupted");
      hand.trace?.span.fail("unavailable");
      if (!mayBeElsewhere(hand)) giveBackAgain(hand);
    } else await handleUnexpectedError(hand, error, delivery, deps);
  } finally {
    hand.desk?.leave();
    hand.trace?.span.end();
    hands.drop(key);
  }
};
