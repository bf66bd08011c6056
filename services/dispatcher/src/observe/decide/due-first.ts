import { readFirstAttempt } from "@ringback/contracts/deliveries/retry-message";
import { LATE_AFTER_MS } from "./backlog.ts";
import type { Waiting } from "./first-attempts.ts";

/** First attempts among what is due on RETRIES and was read. */
export type DueFirst = {
  /** When the event of each was stored, in ms since 1970. */
  readonly storedMs: readonly number[];
  /** How many each of them stands for: 1 where all that is due was read. */
  readonly each: number;
};

/** A due message, as far as it matters here. */
type Due = {
  readonly time: Date;
  readonly header: { readonly get: (name: string) => string };
};

/** `due`: how many there are; where that is more than were read, those that were read stand for the others. */
export const firstOf = (read: readonly Due[], due: number, maxRead: number): DueFirst => ({
  storedMs: read.flatMap(({ time, header }) => {
    const first = readFirstAttempt(header.get);
    // The customer has these wait, and they are deferred again as soon as they are taken.
    const isWanted = first?.deferredFor === "paused" || first?.deferredFor === "order";
    return first === undefined || isWanted ? [] : [first.storedAtMs ?? time.getTime()];
  }),
  each: due > maxRead && read.length > 0 ? Math.max(1, due / read.length) : 1,
});

/** What of it waits and is late at this time. */
export const dueWaiting = ({ storedMs, each }: DueFirst, nowMs: number): Waiting => {
  const late = storedMs.filter((ms) => nowMs - ms > LATE_AFTER_MS).length;
  const oldestMs = storedMs.reduce((oldest, ms) => Math.min(oldest, ms), Infinity);
  return {
    waiting: Math.round(storedMs.length * each),
    late: Math.round(late * each),
    oldestAtMs: storedMs.length === 0 ? undefined : oldestMs,
  };
};
