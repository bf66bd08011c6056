import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { endpointIdOf } from "@ringback/contracts/deliveries/delivery-id";
import { eventSeqInFanOutSubject, readFanOut } from "@ringback/contracts/deliveries/fan-out";
import { decodeAttempt } from "@ringback/contracts/deliveries/decode";
import { eventSequence } from "@ringback/contracts/events/event";
import { isTestEvent } from "@ringback/contracts/events/test-event";
import {
  deliveryIdInAttemptSubject,
  parseEventSubject,
  type EventAddress,
} from "@ringback/contracts/streams/subjects";
import { MESSAGE_SIZE_HEADER } from "@ringback/runtime/nats/message-headers";
import { ATTEMPT_FACETS, attemptResult, customType, EVENT_FACETS } from "../file/facets.ts";
import { callHash } from "../file/ids.ts";
import type { ProjectedStream } from "../projection.ts";
import {
  effectsIn,
  type Applier,
  type ApplierDeps,
  type RecordDeps,
  type StreamMessage,
} from "./applier.ts";
import { deadLetterApplier } from "./dead-letter-applier.ts";

/** What is done with a message of each stream. */
export const streamAppliers = (deps: ApplierDeps): Readonly<Record<ProjectedStream, Applier>> => {
  const withEffects = { ...deps, ...effectsIn(deps) };
  return {
    events: eventApplier(withEffects),
    attempts: attemptApplier(withEffects),
    dead_letters: deadLetterApplier(withEffects),
  };
};

/**
 * Keeps the head of an event, and completes the row that its records made when they came first. A message
 * without an event's subject gets no row: its dead letter has all that is known.
 */
const eventApplier = ({ db, ids, progress, count, countMinute }: RecordDeps): Applier => {
  const insert = db.prepare(`
    INSERT INTO events (seq, workspace, agent, facet, custom, at_ms, call_hash, call_id, size_bytes, is_test, attempts, check_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?) ON CONFLICT (seq) DO NOTHING`);
  const complete = db.prepare(
    "UPDATE events SET at_ms = ?, size_bytes = ?, is_test = ? WHERE seq = ?",
  );
  const completeDeliveries = db.prepare("UPDATE deliveries SET at_ms = ? WHERE event_seq = ?");
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
    const { changes } = insert.run(...head, hash, callId, size, isTest, atMs);
    const isFirst = Number(changes) > 0;
    if (!isFirst) {
      complete.run(atMs, size, isTest, seq);
      completeDeliveries.run(atMs, seq);
    }
    progress.came({ eventSeq: seq, address: parsed.address }, { atMs, isFirst });
    if (isTest === 0) {
      count(agent, atMs, "event", 0);
      countMinute(workspace, atMs, "event");
    }
    return "applied";
  };
};

/** Keeps an attempt, its effect on its event, and the counts that it belongs to; or a set of destinations. */
const attemptApplier = (deps: RecordDeps): Applier => {
  const { db, ids, progress, redeliveries, endpoint: keep } = deps;
  const count = countsOfAttempt(deps);
  const insert = db.prepare(
    "INSERT OR REPLACE INTO attempts (seq, workspace, agent, facet, custom, at_ms, call_hash, endpoint) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
  );
  return (message) => {
    const { subject, seq, data } = message;
    const address = addressIn(subject);
    if (address === undefined) return "unreadable";
    if (eventSeqInFanOutSubject(subject) !== undefined) return applyFanOut(message, address, deps);
    const record = decodeAttempt(data).value;
    const deliveryId = deliveryIdInAttemptSubject(subject);
    if (record === undefined || deliveryId === undefined) return "unreadable";
    const { workspaceId, agentId, callId, eventType } = address;
    const { workspace, agent } = ids.ensured(workspaceId, agentId);
    const result = attemptResult(record.outcome);
    const facet = ATTEMPT_FACETS.of(eventType, result);
    const atMs = Date.parse(record.at);
    const hash = callHash(workspaceId, callId);
    const endpointId = endpointIdOf(deliveryId);
    const { uid } = record;
    const named =
      endpointId === undefined ? undefined : { workspaceId, workspace, endpointId, uid };
    const endpoint = named === undefined ? null : keep(named);
    insert.run(seq, workspace, agent, facet, customType(eventType), atMs, hash, endpoint);
    const eventSeq = eventSequence(record.event_id, deps.eventsOrigin);
    if (eventSeq !== undefined) progress.recorded({ eventSeq, address }, deliveryId, record);
    if (record.trigger !== "test") count({ workspace, agent, endpoint }, record, atMs);
    redeliveries.recorded(workspace, record, seq);
    return "applied";
  };
};

type CountedFor = {
  readonly workspace: number;
  readonly agent: number;
  /** Null: the agent's subscription. */
  readonly endpoint: number | null;
};

/** Counts an attempt for everybody whose counts it is in. */
const countsOfAttempt = ({ count, countEndpoint, countMinute, countDestination }: RecordDeps) => {
  return (
    { workspace, agent, endpoint }: CountedFor,
    { outcome, duration_ms: ms }: AttemptRecord,
    atMs: number,
  ): void => {
    const result = attemptResult(outcome);
    count(agent, atMs, result, ms);
    countMinute(workspace, atMs, result);
    if (endpoint !== null) countEndpoint(endpoint, atMs, result, ms);
    if (outcome.kind === "cancelled") return; // nothing was sent
    const destination = endpoint === null ? { endpoint: 0, agent } : { endpoint, agent: 0 };
    countDestination(workspace, destination, atMs, outcome.kind === "failed");
  };
};

/** Keeps the deliveries of an event, which may have no record yet. */
const applyFanOut = (
  { data }: StreamMessage,
  address: EventAddress,
  { ids, progress, endpoint: keep, eventsOrigin }: RecordDeps,
): ReturnType<Applier> => {
  const fanOut = readFanOut(data);
  if (fanOut === undefined) return "unreadable";
  const { workspaceId, agentId } = address;
  const { workspace } = ids.ensured(workspaceId, agentId);
  for (const { endpoint_id: endpointId, uid } of fanOut.deliveries) {
    if (endpointId !== undefined) keep({ workspaceId, workspace, endpointId, uid });
  }
  const eventSeq = eventSequence(fanOut.event_id, eventsOrigin);
  if (eventSeq !== undefined) progress.fannedOut({ eventSeq, address }, fanOut.deliveries);
  return "applied";
};

/** The subject decides whose attempt it is, whatever the record says. */
const addressIn = (subject: string): EventAddress | undefined => {
  const [, ...tokens] = subject.split(".");
  if (tokens.length < 5) return undefined;
  const parsed = parseEventSubject(["events", ...tokens.slice(0, 4)].join("."));
  return parsed.kind === "event" ? parsed.address : undefined;
};
