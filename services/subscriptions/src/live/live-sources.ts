import type { JsMsg } from "@nats-io/jetstream";
import { decodeAttempt } from "@ringback/contracts/deliveries/decode";
import { endpointIdOf } from "@ringback/contracts/deliveries/delivery-id";
import { eventId } from "@ringback/contracts/events/event";
import type { StreamOrigin } from "@ringback/contracts/streams/stream-origin";
import {
  attemptsFilter,
  eventsFilter,
  type LiveFilter,
} from "@ringback/contracts/streams/live-filters";
import {
  deliveryIdInAttemptSubject,
  parseEventSubject,
  STREAMS,
} from "@ringback/contracts/streams/subjects";
import { headerIn, MESSAGE_SIZE_HEADER, rawHeaders } from "@ringback/runtime/nats/message-headers";
import { recordFor, type Viewer } from "../events/hidden-payloads.ts";
import { seesAgent, seesEndpoint, type Sight } from "../sight/decide/sight.ts";
import type { LivePosition, LiveStreams } from "./decide/position.ts";
import type { LiveSource } from "./follow.ts";
import type { LiveConnection } from "./connection.ts";

/** What a client wants to read. */
export type StreamQuery = LiveFilter & {
  /** What it sees now. */
  readonly sight: () => Sight;
  readonly include: ReadonlySet<"attempts" | "events">;
  /** Of attempts only those at this endpoint. */
  readonly endpointId?: string | undefined;
};

/** Where it is sent to, and who reads there. */
type LiveTarget = {
  readonly from: LivePosition;
  readonly streams: LiveStreams;
  readonly connection: LiveConnection;
  readonly viewer: Viewer;
};

/** The parts of streams that a query selects, and what to send of them. */
export const liveSources = (query: StreamQuery, to: LiveTarget): LiveSource[] => {
  const bound = query.sight().agents;
  const [only] = bound?.size === 1 ? bound : [];
  const { agentId = only } = query;
  // Nobody else's event is waited for.
  if (agentId !== undefined && !seesAgent({ agents: bound }, agentId)) return [];
  return sourcesOf({ ...query, agentId }, to);
};

const sourcesOf = (query: StreamQuery, to: LiveTarget): LiveSource[] => [
  ...(query.include.has("attempts") ? [attemptsOf(query, to)] : []),
  ...(query.include.has("events") ? [eventsOf(query, to)] : []),
];

const attemptsOf = (
  query: StreamQuery,
  { from: { attempts }, connection, viewer }: LiveTarget,
): LiveSource => ({
  stream: STREAMS.attempts,
  filter: attemptsFilter(query),
  headersOnly: false,
  afterSeq: attempts,
  send: (message) => {
    // NATS filters by whole tokens, and a subject's last one is the delivery's id.
    const endpointId = endpointOf(message);
    const isOther = query.endpointId !== undefined && endpointId !== query.endpointId;
    if (isOther || !seesMessage(query, message) || !seesEndpoint(query.sight(), endpointId)) {
      connection.pass({ attempts: message.seq });
      return;
    }
    // Lists log an unreadable record.
    const { value: record } = decodeAttempt(message.data);
    if (record === undefined) return;
    connection.send("attempt", recordFor(record, viewer), { attempts: message.seq });
  },
  gap: (count, upToSeq) =>
    connection.send("missed", missedOf("attempts", count, query), { attempts: upToSeq }),
});

/** Those of other agents are in the count, too: it is nothing that a bound caller may know. */
const missedOf = (of: "attempts" | "events", count: number, { sight }: StreamQuery) => ({
  of,
  count: sight().agents === undefined ? count : null,
});

/** The agent is the same token of events and of attempts. */
const seesMessage = ({ sight }: StreamQuery, { subject }: JsMsg): boolean =>
  seesAgent(sight(), subject.split(".")[AGENT_TOKEN]);

const AGENT_TOKEN = 3;

const endpointOf = ({ subject }: JsMsg): string | undefined =>
  endpointIdOf(deliveryIdInAttemptSubject(subject) ?? "");

const eventsOf = (
  query: StreamQuery,
  { from: { events }, streams, connection }: LiveTarget,
): LiveSource => ({
  stream: STREAMS.events,
  filter: eventsFilter(query),
  headersOnly: true, // a payload is a customer's, and may be a megabyte
  afterSeq: events,
  send: (message) => {
    const head = eventHead(message, streams.events);
    if (!seesMessage(query, message)) connection.pass({ events: message.seq });
    else if (head !== undefined) connection.send("event", head, { events: message.seq });
  },
  gap: (count, upToSeq) =>
    connection.send("missed", missedOf("events", count, query), { events: upToSeq }),
});

/** An event without its payload; undefined where the subject is malformed. */
const eventHead = (message: JsMsg, eventsOrigin: StreamOrigin) => {
  const { subject, seq, info } = message;
  const parsed = parseEventSubject(subject);
  if (parsed.kind === "invalid") return undefined;
  const { workspaceId, callId, agentId, eventType } = parsed.address;
  return {
    event_id: eventId(eventsOrigin, seq),
    event_seq: seq,
    event_type: eventType,
    call_id: callId,
    agent_id: agentId,
    workspace_id: workspaceId,
    stored_at: new Date(info.timestampNanos / 1e6).toISOString(),
    size_bytes: Number(headerIn(rawHeaders(message), MESSAGE_SIZE_HEADER)),
  };
};
