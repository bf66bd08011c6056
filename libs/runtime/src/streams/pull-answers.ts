import { JetStreamError, type ConsumerMessages } from "@nats-io/jetstream";
import { consumerInfo, type WantedConsumer } from "./consumers.ts";
import { isUnavailable } from "../nats/errors.ts";
import type { Nats } from "../nats/connection.ts";

/** Whether the server answers the pulls of one consumer. */
export type PullAnswers = {
  /** Something came: a message, a heartbeat, or a pull's end. */
  readonly heard: () => void;
  /** Takes a pull's heartbeats for signs of life, until the pull ends. */
  readonly follow: (pulled: ConsumerMessages) => Promise<void>;
  /** A pull ended with this error. */
  readonly failed: (error: unknown) => void;
  /** Says that the server answers no pull. */
  readonly problem: () => string | undefined;
};

/** One pull that fails is no news: the next one follows within a tenth of a second. */
const UNANSWERED_AFTER_MS = 500;

/**
 * Notes whether pulls are answered. A pull that nobody answers says nothing of the consumer: its stream may
 * have no leader at the moment. So the next pull is tried, and whether the consumer is still there is asked
 * beside it, as that answer waits for the leader, too. `onGone`: it has to be looked up or made again.
 */
export const pullAnswers = (
  nats: Nats,
  { stream, name }: Pick<WantedConsumer, "stream" | "name">,
  onGone: () => void,
): PullAnswers => {
  let unansweredSinceMs: number | undefined;
  let isAsked = false;
  const heard = (): void => {
    unansweredSinceMs = undefined;
  };
  const askWhetherThere = async (): Promise<void> => {
    isAsked = true;
    try {
      if ((await consumerInfo(nats, stream, name)) === undefined) onGone();
    } catch (error) {
      if (!isUnavailable(error)) onGone(); // looking it up again says what is wrong
    } finally {
      isAsked = false;
    }
  };
  return {
    heard,
    follow: async (pulled) => {
      for await (const { type } of pulled.status()) if (type === "heartbeat") heard();
    },
    failed: (error) => {
      unansweredSinceMs ??= performance.now();
      if (!isUnanswered(error)) onGone();
      else if (!isAsked) void askWhetherThere();
    },
    problem: () => {
      const sinceMs = unansweredSinceMs ?? Infinity;
      return performance.now() - sinceMs > UNANSWERED_AFTER_MS
        ? `nothing can be taken from ${stream}`
        : undefined;
    },
  };
};

const NO_RESPONDERS = 503;

/** No leader takes the pull, or the one that took it is gone. */
const isUnanswered = (error: unknown): boolean =>
  error instanceof JetStreamError &&
  (error.message === "heartbeats missed" || ("code" in error && error.code === NO_RESPONDERS));
