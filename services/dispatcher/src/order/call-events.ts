import { isTestEvent } from "@ringback/contracts/events/test-event";
import {
  eventsOfCall,
  eventSubject,
  parseEventSubject,
  STREAMS,
  type EventAddress,
} from "@ringback/contracts/streams/subjects";
import { storedHeaders } from "@ringback/runtime/nats/message-headers";
import type { Nats } from "@ringback/runtime/nats/connection";
import { readNext } from "@ringback/runtime/nats/publish";
import { mapConcurrently } from "@ringback/runtime/process/concurrency";

/** One event of a call, as EVENTS has it. */
export type CallEvent = {
  readonly seq: number;
  readonly address: EventAddress;
  readonly isTest: boolean;
};

/** A call's events so far. */
export type Call = {
  /** By subject, each in the order of its sequences. */
  readonly bySubject: Map<string, CallEvent[]>;
  /** No event of the call with a lower sequence is missing. */
  completeTo: number;
  /** The call has more events than are kept in order. */
  isTooLong: boolean;
  /** By destination: all events with a lower sequence have ended there. */
  readonly endedBefore: Map<string, number>;
};

export type CallEvents = ReturnType<typeof callEvents>;

/** Calls in memory: those used last. */
const MAX_CALLS = 5_000;

/** A call has a handful of events. One with more is not kept in order, as every look would cost more and more. */
const MAX_EVENTS = 256;

/**
 * The events of calls, read from the leader of EVENTS by subject: no earlier one is missed. A look costs one request
 * without bodies; an event's own message is read at most once, and not where this process handled the event itself.
 */
export const callEvents = (nats: Nats) => {
  const calls = new Map<string, Call>();
  const refreshing = new Map<string, Promise<void>>();
  const callOf = (subjects: string): Call => {
    const call = calls.get(subjects) ?? newCall();
    calls.delete(subjects);
    calls.set(subjects, call);
    const [oldest] = calls.keys();
    if (calls.size > MAX_CALLS && oldest !== undefined) calls.delete(oldest);
    return call;
  };
  const refresh = (subjects: string, call: Call): Promise<void> => {
    const running = refreshing.get(subjects);
    if (running !== undefined) return running;
    const reading = readCall(nats, subjects, call).finally(() => refreshing.delete(subjects));
    refreshing.set(subjects, reading);
    return reading;
  };
  return {
    /** The call with all of its events up to this one, which is stored. */
    upTo: async (event: CallEvent): Promise<Call> => {
      const subjects = eventsOfCall(event.address.workspaceId, event.address.callId);
      const call = callOf(subjects);
      insert(call, event);
      // A reading that has begun before this event was stored may end short of it.
      for (let n = 0; n < 3 && call.completeTo <= event.seq; n += 1) await refresh(subjects, call);
      return call;
    },
    /** The call with all of its events so far. */
    now: async ({ workspaceId, callId }: EventAddress): Promise<Call> => {
      const subjects = eventsOfCall(workspaceId, callId);
      const call = callOf(subjects);
      await refreshing.get(subjects);
      await refresh(subjects, call);
      return call;
    },
    /** What is known of a call without a request. */
    known: ({ workspaceId, callId }: EventAddress): Call =>
      callOf(eventsOfCall(workspaceId, callId)),
  };
};

const newCall = (): Call => ({
  bySubject: new Map(),
  completeTo: 0,
  isTooLong: false,
  endedBefore: new Map(),
});

/** All known events of a call, in the order in which they were stored. */
export const inOrder = ({ bySubject }: Call): CallEvent[] =>
  [...bySubject.values()].flat().toSorted((a, b) => a.seq - b.seq);

/** An event that this process handles, so that it is not read again. */
const insert = ({ bySubject }: Call, event: CallEvent): void => {
  const subject = eventSubject(event.address);
  const known = bySubject.get(subject) ?? [];
  if (known.some(({ seq }) => seq === event.seq)) return;
  bySubject.set(
    subject,
    [...known, event].toSorted((a, b) => a.seq - b.seq),
  );
};

/** Subjects of one call that are read at once. */
const READS_AT_ONCE = 8;

const readCall = async (nats: Nats, subjects: string, call: Call): Promise<void> => {
  const { state } = await nats.jsm.streams.info(STREAMS.events, { subjects_filter: subjects });
  const { first_seq, last_seq } = state;
  const counted = Object.entries(state.subjects ?? {}).flatMap(([subject, count]) => {
    const parsed = parseEventSubject(subject);
    // One that no event can have goes nowhere.
    return parsed.kind === "event" ? [{ subject, count, address: parsed.address }] : [];
  });
  call.isTooLong = counted.reduce((sum, { count }) => sum + count, 0) > MAX_EVENTS;
  if (call.isTooLong) call.bySubject.clear();
  else {
    const missing = counted.filter(({ subject, count }) => {
      const known = call.bySubject.get(subject) ?? [];
      // What was stored after that state is not in its count; what is too old is gone from the stream.
      return known.filter(({ seq }) => seq >= first_seq && seq <= last_seq).length !== count;
    });
    await mapConcurrently(missing, READS_AT_ONCE, async (one) => {
      const events = await readSubject(nats, one);
      const later = (call.bySubject.get(one.subject) ?? []).filter(
        ({ seq }) => seq > Math.max(last_seq, events.at(-1)?.seq ?? 0),
      );
      call.bySubject.set(one.subject, [...events, ...later]);
    });
  }
  call.completeTo = Math.max(call.completeTo, last_seq + 1);
};

type Counted = {
  readonly subject: string;
  readonly count: number;
  readonly address: EventAddress;
};

/** By exact subject: the server finds that at once, and looks through all that lies between for a wildcard. */
const readSubject = async (
  nats: Nats,
  { subject, count, address }: Counted,
): Promise<CallEvent[]> => {
  const events: CallEvent[] = [];
  for (let seq = 1; events.length < count;) {
    const message = await readNext(nats, STREAMS.events, subject, seq);
    if (message === null) break;
    events.push({ seq: message.seq, address, isTest: isTestEvent(storedHeaders(message)) });
    seq = message.seq + 1;
  }
  return events;
};
