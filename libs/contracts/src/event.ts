import { Buffer } from "node:buffer";
import { bodyHash } from "./body-hash.ts";
import { callToken } from "./call-id.ts";
import { parseEventJson, type EventJsonLimits } from "./event-json.ts";
import type { EventType } from "./event-types.ts";
import { eventSubject, parseEventSubject, type EventAddress } from "./subjects.ts";

/** The largest event body that is delivered: 1 MiB, what a NATS server takes by default. */
export const MAX_EVENT_BYTES = 1024 * 1024;

/**
 * How deep an event's arrays and objects may be nested: what common readers take by default
 * (System.Text.Json 64, serde_json 128, PHP 512), so that an endpoint can read what it gets.
 */
export const MAX_EVENT_DEPTH = 64;

const EVENT_LIMITS: EventJsonLimits = {
  maxDepth: MAX_EVENT_DEPTH,
  keysOnce: new Set(["event_type", "call_id", "agent_id", "workspace_id"]),
};

/** What a producer publishes to EVENTS. */
export type EventMessage = {
  readonly subject: string;
  readonly body: Uint8Array;
  /** Goes into the header `Nats-Msg-Id`; JetStream drops repeats within the duplicate window. */
  readonly messageId: string;
};

/** A body as bytes, JSON text or an object; an object is written with `JSON.stringify`. */
export type EventBody = Uint8Array | string | Readonly<Record<string, unknown>>;

export type EventInput = EventAddress & {
  readonly body: EventBody;
  /** Which attempt at the call it is about; taken from the body's `retry_count` unless given. */
  readonly retryCount?: number;
};

/**
 * Subject, bytes and message id for a producer to publish. Throws a TypeError that says what is wrong when
 * every dispatcher would refuse it; whether the event's type is known is the dispatcher's to say.
 */
export const eventMessage = (input: EventInput): EventMessage => {
  const body = bodyBytes(input.body);
  const subject = eventSubject(input);
  const read = readEvent(subject, body);
  if (read.kind === "invalid") throw new TypeError(read.message);
  const retryCount = input.retryCount ?? retryCountIn(read.value);
  // NaN would make the ids of all attempts at a call the same, and all but the first would be dropped.
  if (retryCount !== undefined && (!Number.isFinite(retryCount) || retryCount < 0)) {
    throw new TypeError(`retryCount is ${retryCount}: expected a number from 0`);
  }
  return { subject, body, messageId: messageIdOf(input, retryCount, body) };
};

const retryCountIn = ({ retry_count: said }: Readonly<Record<string, unknown>>) =>
  typeof said === "number" && said >= 0 ? said : undefined;

/**
 * The message id names workspace and agent too: ids of calls are not unique across them, and the duplicate
 * window is the stream's (docs/adr/0006). An event that does not say which attempt at the call it is about is
 * a repeat only of the same bytes: the `completed` that follows a `retry` is an event of its own.
 */
const messageIdOf = (
  { workspaceId, agentId, callId, eventType }: EventAddress,
  retryCount: number | undefined,
  body: Uint8Array,
): string => {
  const which = retryCount === undefined ? `sha256-${bodyHash(body)}` : String(retryCount);
  return `${workspaceId}:${agentId}:${callToken(callId)}:${eventType}:${which}`;
};

const bodyBytes = (body: EventBody): Uint8Array => {
  if (body instanceof Uint8Array) return body;
  if (typeof body === "string") return Buffer.from(body, "utf8");
  if (typeof body === "object") return Buffer.from(JSON.stringify(body), "utf8");
  throw new TypeError(`body is ${typeof body}: expected a JSON object, its text or its bytes`);
};

export type ReadEvent =
  | {
      readonly kind: "event";
      readonly address: EventAddress;
      /** The body, read: for what is to be said of it. What is delivered are its bytes. */
      readonly value: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: "invalid"; readonly message: string };

/**
 * What a message on EVENTS says, or what is wrong with it. Only what routes is checked: the subject, and
 * that the body is an object which says the same. The bytes that an endpoint gets are the message's own.
 */
export const readEvent = (subject: string, body: Uint8Array): ReadEvent => {
  const parsed = parseEventSubject(subject);
  if (parsed.kind === "invalid") return parsed;
  if (body.byteLength > MAX_EVENT_BYTES) {
    return invalid(`body is ${body.byteLength} bytes, over the limit of ${MAX_EVENT_BYTES}`);
  }
  if (body.byteLength === 0) return invalid("body is empty: expected a JSON object");
  const json = parseEventJson(body, EVENT_LIMITS);
  if (json.kind === "invalid") return json;
  const { address } = parsed;
  const problem = routingProblem(json.value, address);
  return problem === undefined ? { kind: "event", address, value: json.value } : invalid(problem);
};

const invalid = (message: string) => ({ kind: "invalid", message }) as const;

/** Where the body says something else than the subject about whose the event is, or too little. */
const routingProblem = (
  body: Readonly<Record<string, unknown>>,
  { eventType, callId, agentId, workspaceId }: EventAddress,
): string | undefined =>
  missing("event_type", body["event_type"]) ??
  missing("call_id", body["call_id"]) ??
  disagreement("event_type", body["event_type"], eventType) ??
  disagreement("call_id", body["call_id"], callId) ??
  disagreement("agent_id", body["agent_id"], agentId) ??
  disagreement("workspace_id", body["workspace_id"], workspaceId);

const missing = (name: string, said: unknown): string | undefined =>
  said === undefined || said === null ? `${name} is required in the body` : undefined;

const disagreement = (name: string, said: unknown, expected: string): string | undefined => {
  if (said === expected || said === undefined || said === null) return undefined;
  if (typeof said !== "string") return `${name} in the body is no text: expected '${expected}'`;
  return `${name} '${said.slice(0, 200)}' in the body disagrees with '${expected}' in the subject`;
};

/**
 * An event's id, the same over retries and redeliveries. It names the stream's age too, so that ids
 * stay unique when a stream was made anew and its sequence began again.
 */
export const eventId = (streamCreatedMs: number, sequence: number): string =>
  `evt_${Math.floor(streamCreatedMs / 1000).toString(36)}_${sequence}`;

/** The stream sequence in an event's id, or undefined when it is of another stream or no event id. */
export const eventSequence = (id: string, streamCreatedMs: number): number | undefined => {
  const match = /^evt_([0-9a-z]+)_([1-9]\d{0,15})$/.exec(id);
  if (!match) return undefined;
  const sequence = Number(match[2]);
  return eventId(streamCreatedMs, sequence) === id ? sequence : undefined;
};

/** The id of an event's one delivery. Opaque to readers: several per event may come. */
export const deliveryId = (sequence: number): string => String(sequence);

export type { EventAddress, EventType };
