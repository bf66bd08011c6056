import type { DeadLetter } from "@ringback/contracts/dead-letter";
import { eventId, eventSequence } from "@ringback/contracts/event";
import { isId } from "@ringback/contracts/id";
import {
  attemptsOfAddress,
  attemptsOfCall,
  deadLettersOfCall,
  deadLettersOfWorkspace,
  eventsOfCall,
  invalidEventDeadLetterSubject,
  STREAMS,
} from "@ringback/contracts/subjects";
import { readSequence } from "@ringback/runtime/publish";
import { refuseWhileDisconnected, within } from "../unavailable.ts";
import { readNewest } from "./newest-first.ts";
import { attemptsSince, deadLettersSince, type RecordsDeps, type StoredAttempt } from "./records.ts";
import { situationsOf, type Situation } from "./situation.ts";
import { storedEvent, type StoredEvent } from "./stored-event.ts";
import { readStored } from "./stored-messages.ts";

/** What a list takes of what it finds, newest first. */
export type PageQuery = { readonly limit: number; readonly beforeSeq: number | undefined };

export type FoundEvent = {
  readonly eventId: string;
  readonly event: StoredEvent;
  readonly situation: Situation;
};

/**
 * Events and what was recorded about them, read from the streams when it is asked for and so never
 * behind them. Of one workspace alone: what is another's is not there. Throws what `isUnavailable`
 * knows when NATS cannot be asked.
 */
export type EventReader = {
  /** A page of a call's events; none: there is no event before the place, or at all. */
  readonly eventsOfCall: (
    workspaceId: string,
    callId: string,
    page: PageQuery,
  ) => Promise<{ readonly found: readonly FoundEvent[]; readonly nextBeforeSeq?: number }>;
  readonly event: (workspaceId: string, eventId: string) => Promise<FoundEvent | undefined>;
  /** The event alone, without a look at what became of it. */
  readonly storedEvent: (workspaceId: string, eventId: string) => Promise<StoredEvent | undefined>;
  readonly attemptsOf: (
    event: StoredEvent,
    page: PageQuery,
  ) => Promise<{ readonly attempts: readonly StoredAttempt[]; readonly nextBeforeSeq?: number }>;
  /** The last dead letter of an event, also when EVENTS has the event no more. */
  readonly deadLetter: (workspaceId: string, eventId: string) => Promise<DeadLetter | undefined>;
};

export type EventReaderDeps = RecordsDeps & {
  /** When EVENTS was made, in ms since 1970: part of every event's id. */
  readonly eventsCreatedMs: number;
};

/** Payloads of one page together: one event may have 1 MiB. */
const PAGE_BYTES = 4 * 1024 * 1024;
/** In a call's list, and of a single event. */
const ATTEMPTS_IN_LIST = 10;
const ATTEMPTS_OF_EVENT = 50;
const ANSWER_TIMEOUT_MS = 2_000;

export const eventReader = (deps: EventReaderDeps): EventReader => ({
  eventsOfCall: (workspaceId, callId, page) => callPage(workspaceId, callId, page, deps),
  event: async (workspaceId, id) => {
    const event = await findEvent(workspaceId, id, deps);
    if (event === undefined) return undefined;
    const { address, subject } = event;
    const query = {
      attempts: address === undefined ? undefined : attemptsOfAddress(address),
      deadLetters: invalidEventDeadLetterSubject(subject),
      keep: ATTEMPTS_OF_EVENT,
    };
    const situations = await situationsOf([event], query, deps);
    return foundIn(event, situations, deps);
  },
  storedEvent: (workspaceId, id) => findEvent(workspaceId, id, deps),
  attemptsOf: (event, page) => attemptsPage(event, page, deps),
  deadLetter: (workspaceId, id) => findDeadLetter(workspaceId, id, deps),
});

const callPage = async (
  workspaceId: string,
  callId: string,
  { limit, beforeSeq }: PageQuery,
  deps: EventReaderDeps,
) => {
  if (!isId(callId)) return { found: [] }; // no call's
  const { messages, hasOlder } = await readNewest(deps.nats, {
    stream: STREAMS.events,
    filter: eventsOfCall(workspaceId, callId),
    beforeSeq,
    limit,
    maxBytes: PAGE_BYTES,
  });
  const events = messages.flatMap((message) => storedEvent(workspaceId, message) ?? []);
  const query = {
    attempts: attemptsOfCall(workspaceId, callId),
    deadLetters: deadLettersOfCall(workspaceId, callId),
    keep: ATTEMPTS_IN_LIST,
  };
  const situations = await situationsOf(events, query, deps);
  const last = messages.at(-1);
  return {
    found: events.map((event) => foundIn(event, situations, deps)),
    ...(hasOlder && last !== undefined ? { nextBeforeSeq: last.seq } : {}),
  };
};

const foundIn = (
  event: StoredEvent,
  situations: ReadonlyMap<number, Situation>,
  { eventsCreatedMs }: EventReaderDeps,
): FoundEvent => {
  const situation = situations.get(event.seq);
  if (situation === undefined) throw new Error(`nothing was found out about EVENTS ${event.seq}`);
  return { eventId: eventId(eventsCreatedMs, event.seq), event, situation };
};

const findEvent = async (
  workspaceId: string,
  id: string,
  { nats, eventsCreatedMs }: EventReaderDeps,
): Promise<StoredEvent | undefined> => {
  const seq = eventSequence(id, eventsCreatedMs);
  if (seq === undefined) return undefined;
  const part = { stream: STREAMS.events, filter: "events.>", from: seq, size: 1, maxBytes: 1 };
  const [message] = await readStored(nats, part);
  if (message?.seq === seq) return storedEvent(workspaceId, message);
  // A replica may be a moment behind; the leader knows.
  refuseWhileDisconnected(nats);
  const asking = readSequence(nats, STREAMS.events, seq);
  const stored = await within(ANSWER_TIMEOUT_MS, `reading ${STREAMS.events}`, asking);
  if (stored === null) return undefined;
  const { subject, data, time } = stored;
  return storedEvent(workspaceId, { subject, seq, data, storedAtMs: time.getTime(), pending: 0 });
};

const attemptsPage = async (
  event: StoredEvent,
  { limit, beforeSeq = Infinity }: PageQuery,
  deps: EventReaderDeps,
) => {
  if (event.address === undefined) return { attempts: [] };
  const kept: StoredAttempt[] = [];
  const filter = attemptsOfAddress(event.address);
  for await (const attempt of attemptsSince(deps, filter, event.storedAtMs)) {
    if (attempt.record.event_seq !== event.seq || attempt.seq >= beforeSeq) continue;
    kept.push(attempt);
    if (kept.length > limit + 1) kept.shift();
  }
  const hasOlder = kept.length > limit;
  const attempts = kept.slice(hasOlder ? 1 : 0).toReversed();
  const last = attempts.at(-1);
  return { attempts, ...(hasOlder && last !== undefined ? { nextBeforeSeq: last.seq } : {}) };
};

const findDeadLetter = async (
  workspaceId: string,
  id: string,
  deps: EventReaderDeps,
): Promise<DeadLetter | undefined> => {
  const seq = eventSequence(id, deps.eventsCreatedMs);
  if (seq === undefined) return undefined;
  const event = await findEvent(workspaceId, id, deps);
  // The letter outlives its event by weeks, and then nothing else says on which subject it is.
  if (event === undefined && !(await isExpired(seq, deps))) return undefined;
  const filter =
    event === undefined
      ? deadLettersOfWorkspace(workspaceId)
      : invalidEventDeadLetterSubject(event.subject);
  let found: DeadLetter | undefined;
  for await (const letter of deadLettersSince(deps, filter, event?.storedAtMs ?? 0)) {
    if (letter.event_seq === seq && letter.event_id === id) found = letter;
  }
  return found;
};

const isExpired = async (seq: number, { nats }: EventReaderDeps): Promise<boolean> => {
  refuseWhileDisconnected(nats);
  const asking = nats.jsm.streams.info(STREAMS.events);
  const { state } = await within(ANSWER_TIMEOUT_MS, `asking for ${STREAMS.events}`, asking);
  return seq < state.first_seq;
};
