import type { Consumer, ConsumerMessages, JsMsg } from "@nats-io/jetstream";
import type { Subscription } from "@nats-io/nats-core";
import { backoffMs, pause } from "../process/backoff.ts";
import { ensureConsumer, type WantedConsumer } from "./consumers.ts";
import { elapsedMs } from "../process/elapsed.ts";
import { logRepeated } from "../telemetry/repeated.ts";
import type { Logger } from "../telemetry/logger.ts";
import { isStreamNotFound } from "../nats/errors.ts";
import type { Nats } from "../nats/connection.ts";
import { pullHealth } from "./pull-health.ts";
import { streamLost, StreamLostError } from "./stream-watch.ts";
import { withYields } from "../process/yielding.ts";

/** A message of a pull. */
export type Incoming = {
  readonly message: JsMsg;
  /** An earlier delivery of it may have been handled. */
  readonly mayBeHandled: boolean;
  /**
   * When that pull began, by `elapsedMs`: the server delivered the message after that. When exactly is unknown, as
   * this process may have stalled while the message was in its socket.
   */
  readonly pulledMs: number;
};

export type ConsumeOptions = {
  readonly nats: Nats;
  readonly wanted: WantedConsumer;
  /** The free capacity in messages; waits a moment for some, then returns 0. */
  readonly room: () => Promise<number>;
  /** Takes a message; must not wait. */
  readonly take: (incoming: Incoming) => void;
  /** All up to this sequence is acknowledged, if known: a recreated consumer resumes there. */
  readonly acknowledgedUpTo: () => number | undefined;
  readonly onStreamLost: (error: unknown) => void;
  readonly log: Logger;
};

export type Consuming = {
  /** Stops pulling; naks messages that have arrived and were not begun. */
  readonly stop: () => Promise<void>;
  /** When the loop last went round, by the monotonic clock: liveness. */
  readonly lastLoopMs: () => number;
  /** Set while the server replies to no pull. */
  readonly problem: () => string | undefined;
  /** The consumer exists: pulling has begun. */
  readonly started: Promise<void>;
};

/** Short, so that a change of leader interrupts for seconds only. */
const PULL_EXPIRES_MS = 5_000;

/** A pull that misses two heartbeats (it has lost its leader) is repeated. */
const HEARTBEAT_MS = 1_000;

/** A pull that is this much overdue (the connection is lost) is repeated. */
const PULL_OVERRUN_MS = 10_000;

/** The pause after a failed pull; short, so that pulling resumes soon after the election of a leader. */
const FIRST_WAIT_MS = 100;
const MAX_WAIT_MS = 1_000;

/** A stopping process waits at most so long for the server. */
const FINISH_WITHIN_MS = 1_000;

/**
 * Pulls from a durable consumer while there is capacity: every pulled message is in flight at once, so none waits
 * unseen while its ack_wait runs. A deleted consumer is recreated; a deleted stream is reported, never recreated.
 */
export const consume = (options: ConsumeOptions): Consuming => {
  const stopping = new AbortController();
  const started = Promise.withResolvers<void>();
  const pull = pullWith(options, stopping.signal);
  let lastLoopMs = performance.now();
  const loop = async (): Promise<void> => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      lastLoopMs = performance.now();
      try {
        await pull.open();
        started.resolve();
        await pull.once();
        failures = 0;
      } catch (error) {
        pull.failed(error);
        if (error instanceof StreamLostError) return options.onStreamLost(error);
        if (isStreamNotFound(error)) {
          return options.onStreamLost(streamLost(options.wanted.stream, error));
        }
        logRepeated(options.log, { err: error, stream: options.wanted.stream }, "consume.retrying");
        await pause(backoffMs(failures, FIRST_WAIT_MS, MAX_WAIT_MS), stopping.signal);
        failures += 1;
      }
    }
  };
  const ended = loop();
  return {
    started: started.promise,
    lastLoopMs: () => lastLoopMs,
    problem: pull.problem,
    stop: async () => {
      stopping.abort();
      pull.finish();
      await ended;
    },
  };
};

const pullWith = (options: ConsumeOptions, signal: AbortSignal) => {
  const { nats, wanted, take } = options;
  let consumer: Consumer | undefined;
  let messages: ConsumerMessages | undefined;
  let handledUpTo = 0;
  let lastDelivery = 0;
  let knownOn: string | undefined;
  const health = pullHealth(nats, wanted, () => {
    consumer = undefined;
  });

  const open = async (): Promise<void> => {
    if (consumer !== undefined) return;
    await readBoundary();
    lastDelivery = 0;
    consumer = await nats.js.consumers.get(wanted.stream, wanted.name);
    health.heard();
  };

  const once = async (): Promise<void> => {
    const room = await options.room();
    if (room < 1 || consumer === undefined || signal.aborted) return;
    const pulledMs = elapsedMs();
    const pulled = await fetchFrom(consumer, room);
    messages = pulled;
    void health.follow(pulled);
    const overrun = setTimeout(() => pulled.stop(), PULL_EXPIRES_MS + PULL_OVERRUN_MS);
    try {
      for await (const message of withYields(pulled)) await receive(message, pulledMs);
      health.heard();
    } finally {
      clearTimeout(overrun);
      messages = undefined;
    }
  };

  const readBoundary = async (): Promise<void> => {
    const connection = connectionId(nats);
    handledUpTo = await ensureConsumer(nats, wanted, options.acknowledgedUpTo(), options.log);
    knownOn = connection;
  };

  const receive = async (message: JsMsg, pulledMs: number): Promise<void> => {
    health.heard();
    if (signal.aborted) return message.nak();
    const { deliverySequence, streamSequence } = message.info;
    // The delivery sequence went backwards: the consumer was recreated. Another connection: the server may
    // have crashed, and forgotten its last deliveries.
    const isAnother = deliverySequence <= lastDelivery || connectionId(nats) !== knownOn;
    if (isAnother) await readBoundary();
    lastDelivery = deliverySequence;
    take({ message, mayBeHandled: message.redelivered || streamSequence <= handledUpTo, pulledMs });
  };

  return {
    open,
    once,
    finish: () => (messages === undefined ? undefined : finish(messages)),
    failed: (error: unknown): void => {
      messages?.stop();
      health.failed(error);
    },
    problem: health.problem,
  };
};

const fetchFrom = (consumer: Consumer, max_messages: number): Promise<ConsumerMessages> =>
  consumer.fetch({ max_messages, expires: PULL_EXPIRES_MS, idle_heartbeat: HEARTBEAT_MS });

/** Ends a pull; messages on their way still arrive, and are nak'ed. */
const finish = (pulled: ConsumerMessages): void => {
  const ended = setTimeout(() => pulled.stop(), FINISH_WITHIN_MS);
  // `stop()` alone drops messages that the server has delivered already, and nobody gets them before their ack_wait
  // is over. Draining the subscription ends the pull, too: `connection.drain()` does it.
  const { sub } = pulled as unknown as { readonly sub: Subscription };
  void sub.drain().then(
    () => clearTimeout(ended),
    () => pulled.stop(),
  );
};

/** Differs for each connection to a server, and for each start of a server. */
const connectionId = ({ connection: { info } }: Nats): string =>
  `${info?.server_id} ${info?.client_id}`;
