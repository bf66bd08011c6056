import { STREAMS, type StreamName } from "@ringback/contracts/streams/subjects";
import type { Journal } from "./delivery-store.ts";

/** Longer than a change of leader needs as a rule. */
const HELD_UP_AFTER_MS = 5_000;

export type StoringWatch = {
  /** The result of what is being stored; noted while it takes too long. */
  readonly watch: <T>(stream: StreamName, store: () => Promise<T>) => Promise<T>;
  /** Names the streams that take nothing, whose storage is full perhaps. */
  readonly problem: () => string | undefined;
};

/**
 * Notices what cannot be stored: it is tried for as long as it takes, and nobody would hear of it.
 * `onHeldUp` is told once for each.
 */
export const storingWatch = (
  onHeldUp: () => void,
  heldUpAfterMs = HELD_UP_AFTER_MS,
): StoringWatch => {
  const heldUp = new Map<StreamName, number>();
  const add = (stream: StreamName, more: number): void => {
    heldUp.set(stream, (heldUp.get(stream) ?? 0) + more);
  };
  return {
    watch: async (stream, store) => {
      let isHeldUp = false;
      const timer = setTimeout(() => {
        isHeldUp = true;
        add(stream, 1);
        onHeldUp();
      }, heldUpAfterMs);
      try {
        return await store();
      } finally {
        clearTimeout(timer);
        if (isHeldUp) add(stream, -1);
      }
    },
    problem: () => {
      const streams = [...heldUp].filter(([, count]) => count > 0).map(([stream]) => stream);
      return streams.length === 0 ? undefined : `cannot be stored on: ${streams.join(", ")}`;
    },
  };
};

/** The journal, with everything that it stores under the watch. */
export const watchedJournal = (journal: Journal, { watch }: StoringWatch): Journal => ({
  ...journal,
  appendAttempt: (...record) => watch(STREAMS.attempts, () => journal.appendAttempt(...record)),
  scheduleRetry: (retry) => watch(STREAMS.retries, () => journal.scheduleRetry(retry)),
  storeDeadLetter: (letter, key) =>
    watch(STREAMS.deadLetters, () => journal.storeDeadLetter(letter, key)),
});
