import { JetStreamError, type ConsumerMessages } from "@nats-io/jetstream";
import { consumerInfo, type WantedConsumer } from "./consumers.ts";
import { isUnavailable } from "../nats/errors.ts";
import type { Nats } from "../nats/connection.ts";

/** Whether the server replies to the pulls of one consumer. */
export type PullHealth = {
  /** A message, a heartbeat or a pull's end arrived. */
  readonly heard: () => void;
  /** Counts a pull's heartbeats as replies, until the pull ends. */
  readonly follow: (pulled: ConsumerMessages) => Promise<void>;
  /** A pull ended with this error. */
  readonly failed: (error: unknown) => void;
  /** Set while the server replies to no pull. */
  readonly problem: () => string | undefined;
};

/** One pull may fail: the next one follows within 100 ms. */
const NO_REPLY_AFTER_MS = 500;

/**
 * Notes whether pulls get replies. A pull without a reply says nothing about the consumer: its stream may have no
 * leader at the moment. So the next pull follows, and a lookup of the consumer runs beside it, as its reply
 * waits for the leader, too. `onConsumerLost`: look the consumer up, or create it, again.
 */
export const pullHealth = (
  nats: Nats,
  { stream, name }: Pick<WantedConsumer, "stream" | "name">,
  onConsumerLost: () => void,
): PullHealth => {
  let noReplySinceMs: number | undefined;
  let isLookingUp = false;
  const heard = (): void => {
    noReplySinceMs = undefined;
  };
  const lookUp = async (): Promise<void> => {
    isLookingUp = true;
    try {
      if ((await consumerInfo(nats, stream, name)) === undefined) onConsumerLost();
    } catch (error) {
      if (!isUnavailable(error)) onConsumerLost(); // opening it again shows the error
    } finally {
      isLookingUp = false;
    }
  };
  return {
    heard,
    follow: async (pulled) => {
      for await (const { type } of pulled.status()) if (type === "heartbeat") heard();
    },
    failed: (error) => {
      noReplySinceMs ??= performance.now();
      if (!isNoReply(error)) onConsumerLost();
      else if (!isLookingUp) void lookUp();
    },
    problem: () => {
      const sinceMs = noReplySinceMs ?? Infinity;
      return performance.now() - sinceMs > NO_REPLY_AFTER_MS
        ? `nothing can be taken from ${stream}`
        : undefined;
    },
  };
};

const NO_RESPONDERS = 503;

/** No leader accepts the pull, or its leader was lost. */
const isNoReply = (error: unknown): boolean =>
  error instanceof JetStreamError &&
  (error.message === "heartbeats missed" || ("code" in error && error.code === NO_RESPONDERS));
