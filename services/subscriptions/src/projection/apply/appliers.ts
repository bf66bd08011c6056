import type { DatabaseSync } from "node:sqlite";
import type { JsMsg } from "@nats-io/jetstream";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { decodeAttempt, decodeDeadLetter } from "@ringback/contracts/deliveries/decode";
import { callIdOf } from "@ringback/contracts/events/call-id";
import { eventSequence } from "@ringback/contracts/events/event";
import { isTestEvent } from "@ringback/contracts/events/test-event";
import {
  parseEventSubject,
  UNKNOWN_TOKEN,
  type EventAddress,
} from "@ringback/contracts/streams/subjects";
import { headerIn, MESSAGE_SIZE_HEADER, rawHeaders } from "@ringback/runtime/nats/message-headers";
import {
  ATTEMPT_FACETS,
  attemptResult,
  customType,
  DEAD_LETTER_FACETS,
  EVENT_FACETS,
} from "../file/facets.ts";
import { callHash, eventHash, type Ids } from "../file/ids.ts";
import type { ProjectedStream } from "../projection.ts";
import { eventProgress } from "./event-progress.ts";
import { redeliveryCounter } from "./redelivery-counts.ts";
import { attemptCounter } from "./stats.ts";

/** The parts of a message that the projection reads. */
export type StreamMessage = {
  readonly subject: string;
  readonly seq: number;
  /** When the stream stored it. */
  readonly atMs: number;
  readonly data: Uint8Array;
  /** The last header of this name, "" for none. */
  readonly header: (name: string) => string;
};

export const streamMessage = (message: JsMsg): StreamMessage => ({
  subject: message.subject,
  seq: message.seq,
  atMs: Math.floor(message.info.timestampNanos / 1e6),
  data: message.data,
  header: (name) => headerIn(rawHeaders(message), name),
});

/** Writes a message into the tables. */
export type Applier = (message: StreamMessage) => "applied" | "unreadable";

export type ApplierDeps = {
  readonly db: DatabaseSync;
  readonly ids: Ids;
  /** When EVENTS was made: records of an earlier stream of that name are of other events. */
  readonly eventsCreatedMs: number;
};

/** What is done with a message of each stream. */
export const streamAppliers = (deps: ApplierDeps): Readonly<Record<ProjectedStream, Applier>> => {
  const withEffects = { ...deps, ...effectsIn(deps) };
  return {
    events: eventApplier(deps),
    attempts: attemptApplier(withEffects),
    dead_letters: deadLetterApplier(withEffects),
  };
};

/** What records and dead letters change beside their own table. */
const effectsIn = ({ db, ids }: ApplierDeps) => ({
  progress: eventProgress(db, ids),
  redeliveries: redeliveryCounter(db),
  count: attemptCounter(db),
});

type RecordDeps = ApplierDeps & ReturnType<typeof effectsIn>;

/**
 * Keeps the head of an event, and completes the row that its records made when they came first. A message
 * without an event's subject gets no row: its dead letter has all that is known.
 */
const eventApplier = ({ db, ids }: ApplierDeps): Applier => {
  const insert = db.prepare(`
    INSERT INTO events (seq, workspace, agent, facet, custom, at_ms, call_hash, call_id, size_bytes, is_test, attempts, check_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)
    ON CONFLICT (seq) DO UPDATE SET
      at_ms = excluded.at_ms, size_bytes = excluded.size_bytes, is_test = excluded.is_test`);
  return ({ subject, seq, atMs, header }) => {
    const parsed = parseEventSubject(subject);
    if (parsed.kind === "invalid") return "applied";
    const { workspaceId, agentId, callId, eventType } = parsed.address;
    const { workspace, agent } = ids.ensured(workspaceId, agentId);
    const facet = EVENT_FACETS.of(eventType, "pending");
    const hash = callHash(workspaceId, callId);
    const size = Number(header(MESSAGE_SIZE_HEADER)) || 0;
    const isTest = Number(isTestEvent(header));
    const head = [seq, workspace, agent, facet, customType(eventType), atMs] as const;
    insert.run(...head, hash, callId, size, isTest, atMs);
    return "applied";
  };
};

/** Keeps an attempt, its effect on its event, and the counts that it belongs to. */
const attemptApplier = (deps: RecordDeps): Applier => {
  const { db, ids, progress, redeliveries, count, eventsCreatedMs } = deps;
  const insert = db.prepare(
    "INSERT OR REPLACE INTO attempts (seq, workspace, agent, facet, custom, at_ms, call_hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  return ({ subject, seq, data }) => {
    const record = decodeAttempt(data).value;
    const address = addressIn(subject);
    if (record === undefined || address === undefined) return "unreadable";
    const { workspaceId, agentId, callId, eventType } = address;
    const { workspace, agent } = ids.ensured(workspaceId, agentId);
    const result = attemptResult(record.outcome);
    const facet = ATTEMPT_FACETS.of(eventType, result);
    const atMs = Date.parse(record.at);
    const hash = callHash(workspaceId, callId);
    insert.run(seq, workspace, agent, facet, customType(eventType), atMs, hash);
    const eventSeq = eventSequence(record.event_id, eventsCreatedMs);
    if (eventSeq !== undefined) progress.recorded(eventSeq, address, record);
    if (record.trigger !== "test") count(agent, atMs, result, record.duration_ms);
    redeliveries.recorded(workspace, record, seq);
    return "applied";
  };
};

/** The subject decides whose attempt it is, whatever the record says. */
const addressIn = (subject: string): EventAddress | undefined => {
  const [, ...tokens] = subject.split(".");
  if (tokens.length !== 5) return undefined;
  const parsed = parseEventSubject(["events", ...tokens.slice(0, 4)].join("."));
  return parsed.kind === "event" ? parsed.address : undefined;
};

/** Keeps a dead letter and its effect on its event; parts of its subject may be unknown (`_`). */
const deadLetterApplier = (deps: RecordDeps): Applier => {
  const { db, ids, progress, redeliveries, count, eventsCreatedMs } = deps;
  const insert = db.prepare(
    "INSERT OR REPLACE INTO dead_letters (seq, workspace, agent, facet, custom, at_ms, call_hash, event_hash, malformed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  return ({ subject, seq, data }) => {
    const deadLetter = decodeDeadLetter(data).value;
    const [, workspaceId = "", callId = "", agentId = "", eventType, ...rest] = subject.split(".");
    if (deadLetter === undefined || eventType === undefined || rest.length > 0) return "unreadable";
    const { event_id: id, reason } = deadLetter;
    const { workspace, agent } = ids.ensured(workspaceId, agentId);
    const facet = DEAD_LETTER_FACETS.of(eventType, reason);
    const atMs = Date.parse(deadLetter.at);
    const ofCall = callHash(workspaceId, callIdOf(callId) ?? UNKNOWN_TOKEN);
    const ofEvent = id === undefined ? null : eventHash(workspaceId, id);
    const custom = customType(eventType);
    const malformed = hasMalformedSubject(deadLetter);
    insert.run(seq, workspace, agent, facet, custom, atMs, ofCall, ofEvent, Number(malformed));
    if (reason === "invalid_event") count(agent, atMs, reason, 0);
    redeliveries.deadLettered(workspace, deadLetter, seq);
    const eventSeq = eventSequence(id ?? "", eventsCreatedMs);
    const event = parseEventSubject(subject.replace("dead_letters.", "events."));
    if (eventSeq !== undefined && event.kind === "event" && !malformed) {
      progress.deadLettered(eventSeq, event.address, deadLetter);
    }
    return "applied";
  };
};

/** Its event has no row: the names in the dead letter's subject need not be the event's. */
const hasMalformedSubject = (deadLetter: DeadLetter): boolean =>
  "subject" in deadLetter &&
  typeof deadLetter.subject === "string" &&
  deadLetter.subject.startsWith("events.") &&
  parseEventSubject(deadLetter.subject).kind === "invalid";
