import type { AttemptRecord } from "@ringback/contracts/attempt";
import type { DeadLetter } from "@ringback/contracts/dead-letter";
import { isLastWord } from "@ringback/contracts/event-status";
import {
  attemptsSince,
  deadLettersSince,
  type RecordsDeps,
  type StoredAttempt,
} from "./records.ts";

/** What ATTEMPTS and DEAD_LETTERS have about one event, over all of its deliveries. */
export type EventHistory = {
  readonly attemptCount: number;
  readonly isDelivered: boolean;
  /** The last ones, newest first; not all where there are many. */
  readonly attempts: readonly StoredAttempt[];
  readonly lastAttempt: StoredAttempt | undefined;
  /** The last one that was stored about it, unless a redelivery was a success or went on since. */
  readonly deadLetter: DeadLetter | undefined;
};

/** Where to look for what was recorded about some events. */
export type HistoryQuery = {
  readonly seqs: readonly number[];
  /** Filter on ATTEMPTS; undefined: nothing can have been attempted. */
  readonly attempts: string | undefined;
  /** Filter on DEAD_LETTERS. */
  readonly deadLetters: string;
  /** When the first of the events was stored. */
  readonly sinceMs: number;
  /** At most so many attempts are kept of each event. */
  readonly keep: number;
};

type Collected = {
  attemptCount: number;
  isDelivered: boolean;
  readonly attempts: StoredAttempt[];
  letter: DeadLetter | undefined;
};

/** What was recorded about each of these events: one request for each stream, as long as it is not much. */
export const historyOf = async (
  query: HistoryQuery,
  deps: RecordsDeps,
): Promise<ReadonlyMap<number, EventHistory>> => {
  const collected = new Map(query.seqs.map((seq) => [seq, nothing()]));
  await Promise.all([
    collectAttempts(collected, query, deps),
    collectLetters(collected, query, deps),
  ]);
  return new Map(collected.entries().map(([seq, one]) => [seq, historyIn(one)]));
};

const nothing = (): Collected => ({
  attemptCount: 0,
  isDelivered: false,
  attempts: [],
  letter: undefined,
});

const collectAttempts = async (
  collected: ReadonlyMap<number, Collected>,
  { attempts: filter, sinceMs, keep }: HistoryQuery,
  deps: RecordsDeps,
): Promise<void> => {
  if (filter === undefined) return;
  for await (const attempt of attemptsSince(deps, filter, sinceMs)) {
    const one = collected.get(attempt.record.event_seq);
    if (one === undefined) continue;
    one.attemptCount += 1;
    one.isDelivered ||= attempt.record.outcome.kind === "delivered";
    one.attempts.push(attempt);
    if (one.attempts.length > keep) one.attempts.shift();
  }
};

const collectLetters = async (
  collected: ReadonlyMap<number, Collected>,
  { deadLetters: filter, sinceMs }: HistoryQuery,
  deps: RecordsDeps,
): Promise<void> => {
  for await (const letter of deadLettersSince(deps, filter, sinceMs)) {
    const one = letter.event_seq === undefined ? undefined : collected.get(letter.event_seq);
    if (one !== undefined) one.letter = letter;
  }
};

const historyIn = ({ attemptCount, isDelivered, attempts, letter }: Collected): EventHistory => {
  const lastAttempt = attempts.at(-1);
  return {
    attemptCount,
    isDelivered,
    attempts: attempts.toReversed(),
    lastAttempt,
    deadLetter: isOfNow(letter, lastAttempt?.record) && !isDelivered ? letter : undefined,
  };
};

/** A letter of the past is of a delivery that a redelivery has gone beyond. */
const isOfNow = (letter: DeadLetter | undefined, last: AttemptRecord | undefined): boolean =>
  letter !== undefined && (isLastWord(letter, last) || last?.next.kind === "dead_letter");
