import { mapConcurrently } from "@ringback/runtime/process/concurrency";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { endpointIdIn } from "@ringback/contracts/deliveries/delivery-id";
import {
  eventSeqInFanOutSubject,
  readFanOut,
  type FanOut,
} from "@ringback/contracts/deliveries/fan-out";
import {
  attemptsOfAddress,
  deliveryIdInAttemptSubject,
  invalidEventDeadLetterSubject,
  STREAMS,
  UNKNOWN_TOKEN,
} from "@ringback/contracts/streams/subjects";
import { idsInSubject } from "@ringback/contracts/streams/subject-ids";
import {
  attemptsOn,
  deadLettersOn,
  type RecordsDeps,
  type StoredAttempt,
} from "../streams/records.ts";
import {
  AGENT,
  destinationHistories,
  type DestinationHistory,
  type DestinationKey,
} from "./decide/destination-history.ts";
import { seesAttempt, seesDeadLetter } from "./decide/seen-records.ts";
import { seesEndpoint, type Sight } from "../sight/decide/sight.ts";
import type { StoredEvent } from "./stored-event.ts";
import { eventSeqOf } from "../streams/pending-deliveries.ts";
import { lastOfEach, subjectsUnder } from "../streams/read-stream.ts";

/** What ATTEMPTS and DEAD_LETTERS have about one event, over all of its deliveries. */
export type EventHistory = {
  readonly event: StoredEvent;
  readonly attemptCount: number;
  /** The last ones, newest first; not all where there are many. */
  readonly attempts: readonly StoredAttempt[];
  readonly destinations: readonly DestinationHistory[];
  /** Its destinations were stored, before its first attempt. */
  readonly isFannedOut: boolean;
};

export type HistoryQuery = {
  /** Destinations that are not seen are left out, with their attempts and dead letters. */
  readonly sight: Sight;
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
  { sight, events, attempts, keep }: HistoryQuery,
  deps: RecordsDeps,
): Promise<readonly EventHistory[]> => {
  const [recorded, deadLetters] = await Promise.all([
    attempts === undefined ? NOTHING : recordedUnder(attempts, events, deps),
    deadLettersOf(events, deps),
  ]);
  return events.map((event) => {
    const { seq } = event;
    const all = newestFirst(recorded.attempts.get(seq) ?? []);
    const fanOut = recorded.fanOuts.get(seq)?.deliveries;
    const its = deadLetters.get(seq) ?? new Map<DestinationKey, DeadLetter>();
    const about = { eventSeq: seq, attempts: all, deadLetters: its, fanOut };
    const seen = all.filter((one) => seesAttempt(sight, one));
    return {
      event,
      attemptCount: seen.length,
      attempts: seen.slice(0, keep),
      destinations: destinationHistories(about).filter(({ endpointId }) =>
        seesEndpoint(sight, endpointId),
      ),
      isFannedOut: fanOut !== undefined,
    };
  });
};

/** By the events' sequences. */
type Recorded = {
  readonly attempts: ReadonlyMap<number, readonly StoredAttempt[]>;
  readonly fanOuts: ReadonlyMap<number, FanOut>;
};

const NOTHING: Recorded = { attempts: new Map(), fanOuts: new Map() };

/** The attempts of all deliveries of these events, and the stored sets of their destinations. */
const recordedUnder = async (
  filter: string,
  events: readonly StoredEvent[],
  deps: RecordsDeps,
): Promise<Recorded> => {
  const seqs = new Set(events.map(({ seq }) => seq));
  const subjects = await subjectsUnder(deps.nats, STREAMS.attempts, filter);
  const ofAttempts = subjects.filter((subject) => seqs.has(eventSeqIn(subject)));
  const ofFanOuts = subjects.filter((subject) => seqs.has(eventSeqInFanOutSubject(subject) ?? 0));
  const [attempts, fanOuts] = await Promise.all([
    attemptsOnEach(ofAttempts, deps),
    fanOutsOn(ofFanOuts, deps),
  ]);
  return { attempts, fanOuts };
};

const attemptsOnEach = async (
  subjects: readonly string[],
  deps: RecordsDeps,
): Promise<Map<number, StoredAttempt[]>> => {
  const found = new Map<number, StoredAttempt[]>();
  await mapConcurrently(subjects, REQUESTS_AT_ONCE, async (subject) => {
    const records = await attemptsOn(deps, subject);
    const seq = eventSeqIn(subject);
    const all = found.get(seq);
    if (all === undefined) found.set(seq, records);
    else all.push(...records);
  });
  return found;
};

const fanOutsOn = async (
  subjects: readonly string[],
  { nats, log }: RecordsDeps,
): Promise<Map<number, FanOut>> => {
  const found = new Map<number, FanOut>();
  for (const { subject, seq, data } of await lastOfEach(nats, STREAMS.attempts, subjects)) {
    const fanOut = readFanOut(data);
    if (fanOut === undefined)
      log.error({ ...idsInSubject(subject), subject, seq }, "reading.unreadable_message");
    else found.set(eventSeqInFanOutSubject(subject) ?? 0, fanOut);
  }
  return found;
};

const eventSeqIn = (subject: string): number =>
  eventSeqOf(deliveryIdInAttemptSubject(subject) ?? "");

type DeadLetters = Map<DestinationKey, DeadLetter>;

/** The last dead letter of each destination, by the events' sequences; the last of all is the last one of its map. */
const deadLettersOf = async (
  events: readonly StoredEvent[],
  deps: RecordsDeps,
): Promise<ReadonlyMap<number, DeadLetters>> => {
  const found = new Map(events.map(({ seq }) => [seq, new Map() as DeadLetters]));
  const bySubject = Map.groupBy(events, ({ subject }) => invalidEventDeadLetterSubject(subject));
  await mapConcurrently([...bySubject], REQUESTS_AT_ONCE, async ([subject, its]) => {
    for await (const deadLetter of deadLettersOn(deps, subject, firstPosition(subject, its))) {
      const ofEvent = found.get(deadLetter.event_seq ?? 0);
      const destination = endpointIdIn(deadLetter) ?? AGENT;
      ofEvent?.delete(destination);
      ofEvent?.set(destination, deadLetter);
    }
  });
  return found;
};

/** Where the dead letters of these events can begin. Events without usable ids share one subject with many others. */
const firstPosition = (subject: string, events: readonly StoredEvent[]): number | Date => {
  if (!subject.split(".").includes(UNKNOWN_TOKEN)) return 1;
  const sinceMs = Math.min(...events.map(({ storedAtMs }) => storedAtMs));
  return new Date(Math.max(0, sinceMs - CLOCKS_DIFFER_MS));
};

/** The last dead letter of an event, whichever destination that is seen it is about, even where a redelivery followed it. */
export const deadLetterOf = async (
  sight: Sight,
  event: StoredEvent,
  deps: RecordsDeps,
): Promise<DeadLetter | undefined> => {
  const its = (await deadLettersOf([event], deps)).get(event.seq);
  return [...(its?.values() ?? [])].findLast((one) => seesDeadLetter(sight, one));
};

/** All attempts at an event, newest first. */
export const attemptsOf = async (
  event: StoredEvent,
  deps: RecordsDeps,
): Promise<StoredAttempt[]> => {
  if (event.address === undefined) return [];
  const { attempts } = await recordedUnder(attemptsOfAddress(event.address), [event], deps);
  return newestFirst(attempts.get(event.seq) ?? []);
};

const newestFirst = (attempts: readonly StoredAttempt[]): StoredAttempt[] =>
  attempts.toSorted((a, b) => b.seq - a.seq);
