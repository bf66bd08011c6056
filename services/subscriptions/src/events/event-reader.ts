import { setTimeout } from "node:timers/promises";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { eventId, eventSequence } from "@ringback/contracts/events/event";
import { isCallId } from "@ringback/contracts/events/call-id";
import {
  attemptsOfAddress,
  attemptsOfCall,
  eventsOfCall,
  STREAMS,
} from "@ringback/contracts/streams/subjects";
import type { RecordLoader } from "../streams/load-records.ts";
import type { Projection } from "../projection/projection.ts";
import { UnavailableError } from "../streams/ask.ts";
import { attemptsOf, deadLetterOf } from "./event-records.ts";
import { newestOfSubjects, type PageQuery } from "../streams/newest.ts";
import type { RecordsDeps, StoredAttempt } from "../streams/decode.ts";
import { statesOf, type EventState } from "./event-state.ts";
import { storedEvent, type StoredEvent } from "./stored-event.ts";
import { readEventMessage, streamState, subjectsUnder } from "../streams/read-stream.ts";

type FoundEvent = {
  readonly eventId: string;
  readonly event: StoredEvent;
  readonly state: EventState;
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
  readonly projection: Pick<Projection, "deadLettersOf" | "appliedUpTo">;
  readonly records: Pick<RecordLoader, "deadLetters">;
};

/** Payloads of one page together: one event may have 1 MiB. */
const PAGE_BYTES = 4 * 1024 * 1024;
/** In a call's list, and of a single event. */
const ATTEMPTS_IN_LIST = 10;
const ATTEMPTS_OF_EVENT = 50;
const INDEXED_WITHIN_MS = 2_000;
const LOOK_AGAIN_MS = 25;

export const eventReader = (deps: EventReaderDeps): EventReader => ({
  eventsOfCall: (workspaceId, callId, page) => callPage(workspaceId, callId, page, deps),
  event: async (workspaceId, id) => {
    const event = await findEvent(workspaceId, id, deps);
    if (event === undefined) return undefined;
    const { address } = event;
    const attempts = address === undefined ? undefined : attemptsOfAddress(address);
    const query = { events: [event], attempts, keep: ATTEMPTS_OF_EVENT };
    return foundIn(event, await statesOf(query, deps), deps);
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
  if (!isCallId(callId)) return { found: [] }; // no call's
  const filter = eventsOfCall(workspaceId, callId);
  const subjects = await subjectsUnder(deps.nats, STREAMS.events, filter);
  const { messages, hasOlder } = await newestOfSubjects(deps.nats, subjects, {
    stream: STREAMS.events,
    beforeSeq,
    limit,
    maxBytes: PAGE_BYTES,
  });
  const events = messages.flatMap((message) => storedEvent(workspaceId, message) ?? []);
  const attempts = attemptsOfCall(workspaceId, callId);
  const states = await statesOf({ events, attempts, keep: ATTEMPTS_IN_LIST }, deps);
  const last = messages.at(-1);
  return {
    found: events.map((event) => foundIn(event, states, deps)),
    ...(hasOlder && last !== undefined ? { nextBeforeSeq: last.seq } : {}),
  };
};

const foundIn = (
  event: StoredEvent,
  states: ReadonlyMap<number, EventState>,
  { eventsCreatedMs }: EventReaderDeps,
): FoundEvent => {
  const state = states.get(event.seq);
  if (state === undefined) throw new Error(`the state of event ${event.seq} was not read`);
  return { eventId: eventId(eventsCreatedMs, event.seq), event, state };
};

const findEvent = async (
  workspaceId: string,
  id: string,
  { nats, eventsCreatedMs }: EventReaderDeps,
): Promise<StoredEvent | undefined> => {
  const seq = eventSequence(id, eventsCreatedMs);
  const stored = seq === undefined ? null : await readEventMessage(nats, seq);
  return stored === null ? undefined : storedEvent(workspaceId, stored);
};

const attemptsPage = async (
  event: StoredEvent,
  { limit, beforeSeq = Infinity }: PageQuery,
  deps: EventReaderDeps,
) => {
  const before = (await attemptsOf(event, deps)).filter(({ seq }) => seq < beforeSeq);
  const attempts = before.slice(0, limit);
  const last = attempts.at(-1);
  const hasOlder = before.length > limit;
  return { attempts, ...(hasOlder && last !== undefined ? { nextBeforeSeq: last.seq } : {}) };
};

/** Found by the event where EVENTS has it; else by the index, as nothing else says then on which subject it is. */
const findDeadLetter = async (
  workspaceId: string,
  id: string,
  deps: EventReaderDeps,
): Promise<DeadLetter | undefined> => {
  const event = await findEvent(workspaceId, id, deps);
  if (event !== undefined) return deadLetterOf(event, deps);
  const { projection, records } = deps;
  const indexed = async (): Promise<DeadLetter | undefined> => {
    const deadLetters = await records.deadLetters(await projection.deadLettersOf(workspaceId, id));
    return deadLetters.find((one) => one.event_id === id);
  };
  const found = await indexed();
  if (found !== undefined || (await isIndexed(deps))) return found;
  return indexed();
};

/** False: the index was behind what is stored, and no longer is. */
const isIndexed = async ({ nats, projection }: EventReaderDeps): Promise<boolean> => {
  const { last_seq } = await streamState(nats, STREAMS.deadLetters);
  const isBehind = (): boolean => projection.appliedUpTo("dead_letters") < last_seq;
  if (!isBehind()) return true;
  const endMs = performance.now() + INDEXED_WITHIN_MS;
  while (isBehind() && performance.now() < endMs) await setTimeout(LOOK_AGAIN_MS);
  if (isBehind()) throw new UnavailableError("the index of dead letters is behind what is stored");
  return false;
};
