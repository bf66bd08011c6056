import { mapConcurrently } from "@ringback/runtime/process/concurrency";
import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { isLastWord } from "@ringback/contracts/deliveries/event-status";
import {
  attemptsOfAddress,
  deliveryIdInAttemptSubject,
  invalidEventDeadLetterSubject,
  STREAMS,
  UNKNOWN_TOKEN,
} from "@ringback/contracts/streams/subjects";
import {
  attemptsOn,
  deadLettersOn,
  type RecordsDeps,
  type StoredAttempt,
} from "../streams/records.ts";
import type { StoredEvent } from "./stored-event.ts";
import { eventSeqOf } from "../streams/pending-deliveries.ts";
import { subjectsUnder } from "../streams/read-stream.ts";

/** What ATTEMPTS and DEAD_LETTERS have about one event, over all of its deliveries. */
export type EventHistory = {
  readonly event: StoredEvent;
  readonly attemptCount: number;
  readonly isDelivered: boolean;
  /** The last ones, newest first; not all where there are many. */
  readonly attempts: readonly StoredAttempt[];
  readonly lastAttempt: StoredAttempt | undefined;
  /** The last one that was stored about it, unless a redelivery was a success or went on since. */
  readonly deadLetter: DeadLetter | undefined;
};

export type HistoryQuery = {
  readonly events: readonly StoredEvent[];
  /** The subjects of ATTEMPTS to look at: all of a call, or of one event's address. */
  readonly attempts: string | undefined;
  /** At most so many attempts are kept of each event. */
  readonly keep: number;
};

/** Requests to NATS that one response may have under way at once. */
const REQUESTS_AT_ONCE = 16;

/** How far the clocks of the servers of EVENTS and DEAD_LETTERS may differ. */
const CLOCKS_DIFFER_MS = 60_000;

/** Each event with its records, in the order of the query. */
export const historiesOf = async (
  { events, attempts, keep }: HistoryQuery,
  deps: RecordsDeps,
): Promise<readonly EventHistory[]> => {
  const [bySeq, deadLetters] = await Promise.all([
    attempts === undefined ? new Map() : attemptsUnder(attempts, events, deps),
    deadLettersOf(events, deps),
  ]);
  return events.map((event) => {
    const deadLetter = deadLetters.get(event.seq);
    return { event, ...historyIn(bySeq.get(event.seq) ?? [], deadLetter, keep) };
  });
};

/** The attempts of all deliveries of these events, by the events' sequences. */
const attemptsUnder = async (
  filter: string,
  events: readonly StoredEvent[],
  deps: RecordsDeps,
): Promise<Map<number, StoredAttempt[]>> => {
  const seqs = new Set(events.map(({ seq }) => seq));
  const found = new Map<number, StoredAttempt[]>();
  const all = await subjectsUnder(deps.nats, STREAMS.attempts, filter);
  const subjects = all.filter((subject) => seqs.has(eventSeqIn(subject)));
  await mapConcurrently(subjects, REQUESTS_AT_ONCE, async (subject) => {
    const records = await attemptsOn(deps, subject);
    const seq = eventSeqIn(subject);
    found.set(seq, [...(found.get(seq) ?? []), ...records]);
  });
  return found;
};

const eventSeqIn = (subject: string): number =>
  eventSeqOf(deliveryIdInAttemptSubject(subject) ?? "");

const deadLettersOf = async (
  events: readonly StoredEvent[],
  deps: RecordsDeps,
): Promise<ReadonlyMap<number, DeadLetter>> => {
  const seqs = new Set(events.map(({ seq }) => seq));
  const deadLetters = new Map<number, DeadLetter>();
  const bySubject = Map.groupBy(events, ({ subject }) => invalidEventDeadLetterSubject(subject));
  await mapConcurrently([...bySubject], REQUESTS_AT_ONCE, async ([subject, its]) => {
    for await (const deadLetter of deadLettersOn(deps, subject, firstPosition(subject, its))) {
      const { event_seq: seq } = deadLetter;
      if (seq !== undefined && seqs.has(seq)) deadLetters.set(seq, deadLetter);
    }
  });
  return deadLetters;
};

/** Where the dead letters of these events can begin. Events without usable ids share one subject with many others. */
const firstPosition = (subject: string, events: readonly StoredEvent[]): number | Date => {
  if (!subject.split(".").includes(UNKNOWN_TOKEN)) return 1;
  const sinceMs = Math.min(...events.map(({ storedAtMs }) => storedAtMs));
  return new Date(Math.max(0, sinceMs - CLOCKS_DIFFER_MS));
};

/** The last dead letter of an event, even where a redelivery followed it. */
export const deadLetterOf = async (
  event: StoredEvent,
  deps: RecordsDeps,
): Promise<DeadLetter | undefined> => (await deadLettersOf([event], deps)).get(event.seq);

/** All attempts at an event, newest first. */
export const attemptsOf = async (
  event: StoredEvent,
  deps: RecordsDeps,
): Promise<StoredAttempt[]> => {
  if (event.address === undefined) return [];
  const found = await attemptsUnder(attemptsOfAddress(event.address), [event], deps);
  return newestFirst(found.get(event.seq) ?? []);
};

const newestFirst = (attempts: readonly StoredAttempt[]): StoredAttempt[] =>
  attempts.toSorted((a, b) => b.seq - a.seq);

const historyIn = (
  found: readonly StoredAttempt[],
  deadLetter: DeadLetter | undefined,
  keep: number,
): Omit<EventHistory, "event"> => {
  const attempts = newestFirst(found);
  const [lastAttempt] = attempts;
  const isDelivered = attempts.some(({ record }) => record.outcome.kind === "delivered");
  return {
    attemptCount: attempts.length,
    isDelivered,
    attempts: attempts.slice(0, keep),
    lastAttempt,
    deadLetter: isOfNow(deadLetter, lastAttempt?.record) && !isDelivered ? deadLetter : undefined,
  };
};

/** False for a dead letter of an earlier delivery, which a redelivery followed. */
const isOfNow = (deadLetter: DeadLetter | undefined, last: AttemptRecord | undefined): boolean =>
  deadLetter !== undefined && (isLastWord(deadLetter, last) || last?.next.kind === "dead_letter");
