import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { eventId, eventSequence } from "@ringback/contracts/events/event";
import type { StreamOrigin } from "@ringback/contracts/streams/stream-origin";
import { isCallId } from "@ringback/contracts/events/call-id";
import {
  attemptsOfAddress,
  attemptsOfCall,
  eventsOfCall,
  partsOfEventSubject,
  STREAMS,
} from "@ringback/contracts/streams/subjects";
import { untilApplied } from "@ringback/runtime/streams/last-per-subject";
import type { Projection } from "../projection/projection.ts";
import { UnavailableError } from "../streams/ask.ts";
import { seesAgent, type Sight } from "../sight/decide/sight.ts";
import { seesAttempt, seesDeadLetter } from "./decide/seen-records.ts";
import { attemptsOf, deadLetterOf, type HistoryQuery } from "./event-records.ts";
import { newestOfSubjects, type PageQuery } from "../streams/newest.ts";
import type { RecordLoader, RecordsDeps, StoredAttempt } from "../streams/records.ts";
import { statesOf, type EventState } from "./event-state.ts";
import { storedEvent, type StoredEvent } from "./stored-event.ts";
import { readEventMessage, streamState, subjectsUnder } from "../streams/read-stream.ts";

export type FoundEvent = EventState & { readonly eventId: string };

/**
 * Events and their records, read from the streams at each request and so never behind them. What the caller does not
 * see does not exist for it. Throws an error that `isUnavailable` knows when NATS does
 * not reply.
 */
export type EventReader = {
  /** A page of a call's events; empty: the call has no event before this position. */
  readonly eventsOfCall: (
    sight: Sight,
    callId: string,
    page: CallPageQuery,
  ) => Promise<{ readonly found: readonly FoundEvent[] } & NextPage>;
  readonly event: (sight: Sight, eventId: string) => Promise<FoundEvent | undefined>;
  /** The event alone, without its records. */
  readonly storedEvent: (sight: Sight, eventId: string) => Promise<StoredEvent | undefined>;
  readonly attemptsOf: (
    sight: Sight,
    event: StoredEvent,
    page: PageQuery,
  ) => Promise<{ readonly attempts: readonly StoredAttempt[] } & NextPage>;
  /** The last dead letter of an event, even after EVENTS has dropped the event. */
  readonly deadLetter: (sight: Sight, eventId: string) => Promise<DeadLetter | undefined>;
};

/** `attempts`: at most so many of each event, the last ones. */
type CallPageQuery = PageQuery & { readonly attempts: number };

/** Undefined: there is nothing older. */
type NextPage = { readonly nextBeforeSeq: number | undefined };

export type EventReaderDeps = RecordsDeps & {
  /** When EVENTS was made, in ms since 1970: part of every event's id. */
  readonly eventsOrigin: StreamOrigin;
  readonly projection: Pick<Projection, "deadLettersOf" | "appliedUpTo">;
  readonly records: Pick<RecordLoader, "deadLetters">;
};

/** All payloads of one page; one event may have 1 MiB. */
const PAGE_BYTES = 4 * 1024 * 1024;
/** Attempts that a response shows of a single event. */
const ATTEMPTS_OF_EVENT = 50;
/** The index may be behind by this time before a request for an unknown dead letter fails. */
const MAX_LAG_MS = 2_000;

export const eventReader = (deps: EventReaderDeps): EventReader => ({
  eventsOfCall: (sight, callId, page) => callPage(sight, callId, page, deps),
  event: async (sight, id) => {
    const event = await findEvent(sight, id, deps);
    if (event === undefined) return undefined;
    const { address } = event;
    const attempts = address === undefined ? undefined : attemptsOfAddress(address);
    const query = { sight, events: [event], attempts, keep: ATTEMPTS_OF_EVENT };
    return (await foundBy(query, deps))[0];
  },
  storedEvent: (sight, id) => findEvent(sight, id, deps),
  attemptsOf: (sight, event, page) => attemptsPage(sight, event, page, deps),
  deadLetter: (sight, id) => findDeadLetter(sight, id, deps),
});

const callPage = async (
  sight: Sight,
  callId: string,
  { limit, beforeSeq, attempts: keep }: CallPageQuery,
  deps: EventReaderDeps,
) => {
  if (!isCallId(callId)) return { found: [], nextBeforeSeq: undefined };
  const { workspaceId } = sight;
  const filter = eventsOfCall(workspaceId, callId);
  const all = await subjectsUnder(deps.nats, STREAMS.events, filter);
  const subjects = all.filter((subject) => seesAgent(sight, partsOfEventSubject(subject).agentId));
  const { messages, hasOlder } = await newestOfSubjects(deps.nats, subjects, {
    stream: STREAMS.events,
    beforeSeq,
    limit,
    maxBytes: PAGE_BYTES,
  });
  const events = messages.flatMap((message) => storedEvent(sight, message) ?? []);
  const attempts = attemptsOfCall(workspaceId, callId);
  const found = await foundBy({ sight, events, attempts, keep }, deps);
  return { found, nextBeforeSeq: hasOlder ? messages.at(-1)?.seq : undefined };
};

const foundBy = async (query: HistoryQuery, deps: EventReaderDeps): Promise<FoundEvent[]> => {
  const states = await statesOf(query, deps);
  return states.map((state) => ({
    ...state,
    eventId: eventId(deps.eventsOrigin, state.event.seq),
  }));
};

const findEvent = async (
  sight: Sight,
  id: string,
  { nats, eventsOrigin }: EventReaderDeps,
): Promise<StoredEvent | undefined> => {
  const seq = eventSequence(id, eventsOrigin);
  const stored = seq === undefined ? null : await readEventMessage(nats, seq);
  return stored === null ? undefined : storedEvent(sight, stored);
};

const attemptsPage = async (
  sight: Sight,
  event: StoredEvent,
  { limit, beforeSeq = Infinity }: PageQuery,
  deps: EventReaderDeps,
) => {
  const seen = (await attemptsOf(event, deps)).filter((one) => seesAttempt(sight, one));
  const before = seen.filter(({ seq }) => seq < beforeSeq);
  const attempts = before.slice(0, limit);
  return { attempts, nextBeforeSeq: before.length > limit ? attempts.at(-1)?.seq : undefined };
};

/** Found by its event, which says its subject; by the index once EVENTS has dropped the event. */
const findDeadLetter = async (
  sight: Sight,
  id: string,
  deps: EventReaderDeps,
): Promise<DeadLetter | undefined> => {
  const event = await findEvent(sight, id, deps);
  if (event !== undefined) return deadLetterOf(sight, event, deps);
  const { projection, records } = deps;
  const indexed = async (): Promise<DeadLetter | undefined> => {
    const deadLetters = await records.deadLetters(
      await projection.deadLettersOf(sight.workspaceId, id),
    );
    return deadLetters.find((one) => one.event_id === id && seesDeadLetter(sight, one));
  };
  const found = await indexed();
  if (found !== undefined) return found;
  const { last_seq } = await streamState(deps.nats, STREAMS.deadLetters);
  if (await untilApplied(() => projection.appliedUpTo("dead_letters"), last_seq, MAX_LAG_MS)) {
    return indexed();
  }
  throw new UnavailableError("the index of dead letters is behind what is stored");
};
