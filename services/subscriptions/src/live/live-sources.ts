import type { JsMsg } from "@nats-io/jetstream";
import { attemptRecordSchema } from "@ringback/contracts/deliveries/attempt";
import { eventId } from "@ringback/contracts/events/event";
import {
  attemptsFilter,
  eventsFilter,
  type LiveFilter,
} from "@ringback/contracts/streams/live-filters";
import { parseEventSubject, STREAMS } from "@ringback/contracts/streams/subjects";
import { headerIn, MESSAGE_SIZE_HEADER, rawHeaders } from "@ringback/runtime/nats/message-headers";
import type { LivePosition, LiveStreams } from "./decide/position.ts";
import type { LiveSource } from "./follow.ts";
import type { LiveReader } from "./connection.ts";

/** What a reader asked for. */
export type LiveWish = LiveFilter & { readonly include: ReadonlySet<"attempts" | "events"> };

/** The streams that a reader is told of, and how. */
export const liveSources = (
  wish: LiveWish,
  from: LivePosition,
  streams: LiveStreams,
  reader: LiveReader,
): LiveSource[] => [
  ...(wish.include.has("attempts") ? [attemptsOf(wish, from, reader)] : []),
  ...(wish.include.has("events") ? [eventsOf(wish, from, streams, reader)] : []),
];

const attemptsOf = (
  wish: LiveWish,
  { attempts }: LivePosition,
  reader: LiveReader,
): LiveSource => ({
  stream: STREAMS.attempts,
  filter: attemptsFilter(wish),
  headersOnly: false,
  afterSeq: attempts,
  tell: (message) => {
    const record = recordIn(message);
    if (record !== undefined) reader.tell("attempt", record, { attempts: message.seq });
  },
  tellMissed: (count, upToSeq) =>
    reader.tell("missed", { of: "attempts", count }, { attempts: upToSeq }),
});

const eventsOf = (
  wish: LiveWish,
  { events }: LivePosition,
  streams: LiveStreams,
  reader: LiveReader,
): LiveSource => ({
  stream: STREAMS.events,
  filter: eventsFilter(wish),
  headersOnly: true, // a payload is a customer's, and may be a megabyte
  afterSeq: events,
  tell: (message) => {
    const head = eventHead(message, streams.events);
    if (head !== undefined) reader.tell("event", head, { events: message.seq });
  },
  tellMissed: (count, upToSeq) =>
    reader.tell("missed", { of: "events", count }, { events: upToSeq }),
});

/** Undefined for what is no record: whoever lists attempts says so. */
const recordIn = (message: JsMsg): unknown => {
  try {
    return attemptRecordSchema.safeParse(message.json()).data;
  } catch {
    return undefined;
  }
};

/** An event without its payload; undefined for a message whose subject is none. */
const eventHead = (message: JsMsg, eventsCreatedMs: number) => {
  const { subject, seq, info } = message;
  const parsed = parseEventSubject(subject);
  if (parsed.kind === "invalid") return undefined;
  const { workspaceId, callId, agentId, eventType } = parsed.address;
  return {
    event_id: eventId(eventsCreatedMs, seq),
    event_seq: seq,
    event_type: eventType,
    call_id: callId,
    agent_id: agentId,
    workspace_id: workspaceId,
    stored_at: new Date(info.timestampNanos / 1e6).toISOString(),
    size_bytes: Number(headerIn(rawHeaders(message), MESSAGE_SIZE_HEADER)),
  };
};
