import { DISPATCHER_CONSUMER, STREAMS } from "@ringback/contracts/streams/subjects";
import { ALL_PRESENCE } from "@ringback/contracts/streams/presence-subject";
import { isConsumerNotFound, isStreamNotFound } from "@ringback/runtime/nats/errors";
import type { Nats } from "@ringback/runtime/nats/connection";
import { pause } from "@ringback/runtime/process/backoff";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { followDispatchers } from "../operators/dispatchers.ts";

export type DispatcherWatch = {
  /** Throws where dispatchers are heard. */
  readonly refuseHeard: () => void;
  /** The same, and where they wait for events. */
  readonly refuse: () => Promise<void>;
  /** The same, after having listened for long enough to hear each. */
  readonly refuseSurely: () => Promise<void>;
  readonly stop: () => void;
};

/** Each sends a heartbeat every 2 s; two may be missed. */
const LISTEN_MS = 6_000;

/**
 * Listens for dispatchers, and looks who waits for events: one that is busy waits for none, and one that cannot be heard
 * may wait.
 */
export const watchDispatchers = (
  nats: Nats,
  log: Logger,
  listenMs = LISTEN_MS,
): DispatcherWatch => {
  const startedMs = performance.now();
  const heard = followDispatchers(nats, () => Date.now(), log);
  const refuseHeard = (): void => {
    const running = heard.running();
    if (running === undefined) {
      throw new Error(`dispatchers may run: the NATS user may not subscribe to ${ALL_PRESENCE}`);
    }
    if (running.length === 0) return;
    const names = running.map(({ id, process }) => process ?? id);
    throw new Error(`dispatchers run: ${names.join()}. Stop them first`);
  };
  const refuse = async (): Promise<void> => {
    refuseHeard();
    await refuseWaiting(nats);
  };
  return {
    refuseHeard,
    refuse,
    refuseSurely: async () => {
      await pause(Math.max(0, startedMs + listenMs - performance.now()));
      await refuse();
    },
    stop: () => heard.stop(),
  };
};

const refuseWaiting = async ({ jsm }: Nats): Promise<void> => {
  for (const stream of [STREAMS.events, STREAMS.retries]) {
    try {
      const { num_waiting: waiting } = await jsm.consumers.info(stream, DISPATCHER_CONSUMER);
      if (waiting > 0)
        throw new Error(`dispatchers run: ${waiting} wait for ${stream}. Stop them first`);
    } catch (error) {
      if (!isStreamNotFound(error) && !isConsumerNotFound(error)) throw error;
    }
  }
};
