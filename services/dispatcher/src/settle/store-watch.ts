import { STREAMS, type StreamName } from "@ringback/contracts/streams/subjects";
import type { DeliveryStore } from "./delivery-store.ts";

/** Longer than a change of leader usually takes. */
const SLOW_AFTER_MS = 5_000;

export type StoringWatch = {
  /** Runs `store`; its stream counts as a problem while that takes too long. */
  readonly watch: <T>(stream: StreamName, store: () => Promise<T>) => Promise<T>;
  /** Names the streams that take nothing: their storage may be full. */
  readonly problem: () => string | undefined;
};

/** Notices writes that do not succeed: they are repeated forever, without an error. `onSlow` is called once for each. */
export const storingWatch = (onSlow: () => void, slowAfterMs = SLOW_AFTER_MS): StoringWatch => {
  const slow = new Map<StreamName, number>();
  const add = (stream: StreamName, more: number): void => {
    slow.set(stream, (slow.get(stream) ?? 0) + more);
  };
  return {
    watch: async (stream, store) => {
      let isSlow = false;
      const timer = setTimeout(() => {
        isSlow = true;
        add(stream, 1);
        onSlow();
      }, slowAfterMs);
      try {
        return await store();
      } finally {
        clearTimeout(timer);
        if (isSlow) add(stream, -1);
      }
    },
    problem: () => {
      const streams = [...slow].filter(([, count]) => count > 0).map(([stream]) => stream);
      return streams.length === 0 ? undefined : `cannot be stored on: ${streams.join(", ")}`;
    },
  };
};

/** The store with all its writes under the watch. */
export const watchedStore = (store: DeliveryStore, { watch }: StoringWatch): DeliveryStore => ({
  ...store,
  appendAttempt: (...record) => watch(STREAMS.attempts, () => store.appendAttempt(...record)),
  storeFanOut: (...fanOut) => watch(STREAMS.attempts, () => store.storeFanOut(...fanOut)),
  startDelivery: (first) => watch(STREAMS.retries, () => store.startDelivery(first)),
  scheduleRetry: (retry) => watch(STREAMS.retries, () => store.scheduleRetry(retry)),
  storeDeadLetter: (deadLetter, key) =>
    watch(STREAMS.deadLetters, () => store.storeDeadLetter(deadLetter, key)),
});
