import {
  DISPATCHER_CONSUMER,
  DISPATCHER_FILTERS,
  STREAMS,
} from "@ringback/contracts/streams/subjects";
import { consume, type Consuming } from "@ringback/runtime/streams/consume";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { StreamManagement } from "@ringback/runtime/streams/stream-management";
import { originIn, type StreamOrigins } from "@ringback/contracts/streams/stream-origin";
import { SWEEP_INTERVAL_MS, type Limiter } from "../limits/limiter.ts";
import { inFlightRegistry } from "../settle/in-flight.ts";
import { readingLocks } from "./suspects.ts";
import { takeEvent, takeRetry, type MessageDeps } from "./take-message.ts";

/** One pull requests at most this many, so that EVENTS and RETRIES share the room. */
const MAX_PULL = 256;
const ROOM_WAIT_MS = 1_000;

/** Beyond the attempts in flight: messages that are read ahead, queued, or being settled. */
const READ_AHEAD = 512;

export type IntakeOptions = {
  readonly nats: Nats;
  readonly maxInFlight: number;
  readonly limiter: Limiter;
  readonly deps: MessageDeps;
  readonly origins: StreamOrigins;
  readonly management: StreamManagement;
  readonly acknowledgedUpTo: () => number | undefined;
  readonly onStreamLost: (error: unknown) => void;
};

export type Intake = {
  readonly started: Promise<void>;
  /** When the slower of the two loops last went round, by the monotonic clock. */
  readonly lastLoopMs: () => number;
  /** Names the stream that no messages come from. */
  readonly problem: () => string | undefined;
  /** Stops pulling, naks what was not started, and waits for what is in flight. */
  readonly stop: (outOfTime: AbortSignal) => Promise<void>;
};

/** Pulls messages of EVENTS and RETRIES, as many as there is room for, and works on them. */
export const startIntake = (options: IntakeOptions): Intake => {
  const { nats, deps, limiter, onStreamLost, acknowledgedUpTo } = options;
  // A full queue means that the dispatcher has enough to do: nothing waits in it for long.
  const roomInQueue = (): number => READ_AHEAD - limiter.queued();
  // The server replies in order: what was sent before a flush is received.
  const confirm = (): Promise<boolean> =>
    nats.connection.flush().then(
      () => true,
      () => false,
    );
  const registry = inFlightRegistry(options.maxInFlight + READ_AHEAD, roomInQueue, confirm);
  const taking = { deps, registry, lockFor: readingLocks(nats) };
  const sweeping = setInterval(limiter.sweep, SWEEP_INTERVAL_MS);
  const room = async (): Promise<number> => Math.min(MAX_PULL, await registry.room(ROOM_WAIT_MS));
  const shared = { nats, room, onStreamLost, log: deps.log };
  const events = consume({
    ...shared,
    wanted: wantedConsumer(STREAMS.events, options),
    acknowledgedUpTo,
    take: (incoming) => takeEvent(incoming, taking),
  });
  const retries = consume({
    ...shared,
    wanted: wantedConsumer(STREAMS.retries, options),
    acknowledgedUpTo: () => undefined, // a work queue keeps what is not acknowledged, and no more
    take: (incoming) => takeRetry(incoming, taking),
  });
  const both: readonly Consuming[] = [events, retries];
  return {
    started: Promise.all(both.map(({ started }) => started)).then(() => undefined),
    lastLoopMs: () => Math.min(...both.map((consuming) => consuming.lastLoopMs())),
    problem: () => events.problem() ?? retries.problem(),
    stop: async (outOfTime) => {
      limiter.close();
      clearInterval(sweeping);
      await Promise.all(both.map((consuming) => consuming.stop()));
      await registry.empty(outOfTime);
      registry.close();
    },
  };
};

const wantedConsumer = (
  stream: keyof typeof DISPATCHER_FILTERS,
  { origins, management }: Pick<IntakeOptions, "origins" | "management">,
) => ({
  stream,
  name: DISPATCHER_CONSUMER,
  filter: DISPATCHER_FILTERS[stream],
  origin: originIn(origins, stream),
  recordsStream: STREAMS.attempts,
  management,
});
