import { Buffer } from "node:buffer";
import {
  EVENT_OUTLINE,
  eventProblems,
  type EventFields,
  type EventProblem,
} from "./event-fields.ts";
import type { EventType } from "./event-types.ts";
import { outlineStrictJson } from "./strict-json.ts";
import { eventSubject, parseEventSubject, type EventAddress } from "./subjects.ts";

/** The largest event body that is delivered: 1 MiB, what a NATS server takes by default. */
export const MAX_EVENT_BYTES = 1024 * 1024;

/**
 * How deep an event's arrays and objects may be nested: what common readers take by default
 * (System.Text.Json 64, serde_json 128, PHP 512), so that an endpoint can read what it gets.
 */
export const MAX_EVENT_DEPTH = 64;

/** A customer's analysis may have any words as keys; `__proto__` is none, and harms careless readers. */
const EVENT_LIMITS = { maxDepth: MAX_EVENT_DEPTH, refusedKeys: new Set(["__proto__"]) };

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
 * Subject, bytes and message id for a producer to publish. The message id names workspace and
 * agent too: ids of calls are not unique across them, and the duplicate window is the stream's
 * (docs/adr/0006). Throws a TypeError that says what is wrong when the dispatcher would refuse it.
 */
export const eventMessage = (input: EventInput): EventMessage => {
  const body = bodyBytes(input.body);
  const read = readEvent(eventSubject(input), body);
  if (read.kind === "invalid") throw new TypeError(read.message);
  const retryCount = input.retryCount ?? read.retryCount;
  // NaN would make the ids of all attempts at a call the same, and all but the first would be dropped.
  if (!Number.isFinite(retryCount) || retryCount < 0) {
    throw new TypeError(`retryCount is ${retryCount}: expected a number from 0`);
  }
  return eventMessageOf({ address: read.address, retryCount }, body);
};

/** The same of an event that was read before. */
export const eventMessageOf = (
  { address, retryCount }: Pick<ReadEvent & { kind: "event" }, "address" | "retryCount">,
  body: Uint8Array,
): EventMessage => {
  const { workspaceId, callId, agentId, eventType } = address;
  const messageId = `${workspaceId}:${agentId}:${callId}:${eventType}:${retryCount}`;
  return { subject: eventSubject(address), body, messageId };
};

const bodyBytes = (body: EventBody): Uint8Array => {
  if (body instanceof Uint8Array) return body;
  if (typeof body === "string") return Buffer.from(body, "utf8");
  if (typeof body === "object") return Buffer.from(JSON.stringify(body), "utf8");
  throw new TypeError(`body is ${typeof body}: expected a JSON object, its text or its bytes`);
};

export type ReadEvent =
  | { readonly kind: "event"; readonly address: EventAddress; readonly retryCount: number }
  /** `problems`: the fields that it is about, where it is about fields; the first few. */
  | {
      readonly kind: "invalid";
      readonly message: string;
      readonly problems?: readonly EventProblem[];
    };

/**
 * What a message on EVENTS says, or what is wrong with it. Only checks: the bytes that an endpoint
 * gets are the message's own, so that key order, numbers and spelling stay as published.
 */
export const readEvent = (subject: string, body: Uint8Array): ReadEvent => {
  const parsed = parseEventSubject(subject);
  if (parsed.kind === "invalid") return parsed;
  const read = readEventBody(body);
  return read.kind === "fields" ? judgeEvent(parsed.address, read.fields) : invalid(read.message);
};

export type EventBodyRead =
  | { readonly kind: "fields"; readonly fields: EventFields }
  | { readonly kind: "not_json"; readonly message: string }
  | { readonly kind: "refused"; readonly message: string };

/** Reads a body past all that no rule is about, in a time that its length bounds (`readJsonOutline`). */
export const readEventBody = (body: Uint8Array): EventBodyRead => {
  if (body.byteLength > MAX_EVENT_BYTES) {
    const message = `body is ${body.byteLength} bytes, over the limit of ${MAX_EVENT_BYTES}`;
    return { kind: "refused", message };
  }
  if (body.byteLength === 0) {
    return { kind: "not_json", message: "body is empty: expected a JSON object" };
  }
  const json = outlineStrictJson(body, EVENT_LIMITS, EVENT_OUTLINE);
  if (json.kind !== "value") {
    return { ...json, message: `body ${json.message}: expected a JSON object in UTF-8` };
  }
  const { value } = json;
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return { kind: "fields", fields: value as EventFields };
  }
  const found = Array.isArray(value) ? "an array" : value === null ? "null" : `a ${typeof value}`;
  return { kind: "refused", message: `body is ${found}: expected a JSON object` };
};

/** Whether these are the fields of an event with this address. */
export const judgeEvent = (address: EventAddress, fields: EventFields): ReadEvent => {
  const problems = eventProblems(address.eventType, fields);
  const disagreement = disagreementOf(fields, address);
  if (disagreement !== undefined) return invalid(disagreement);
  if (problems.length > 0) {
    const texts = problems.map(({ path, message }) => `${path.join(".")}: ${message}`);
    return { ...invalid(texts.join("; ")), problems };
  }
  const retryCount = fields["retry_count"];
  return { kind: "event", address, retryCount: typeof retryCount === "number" ? retryCount : 0 };
};

const invalid = (message: string) => ({ kind: "invalid", message }) as const;

const disagreementOf = (body: EventFields, address: EventAddress): string | undefined => {
  const expected = {
    event_type: address.eventType,
    call_id: address.callId,
    agent_id: address.agentId,
    workspace_id: address.workspaceId,
  };
  for (const [name, value] of Object.entries(expected)) {
    const said = body[name];
    if (typeof said === "string" && said !== value) {
      return `${name} '${said.slice(0, 200)}' in the body disagrees with '${value}' in the subject`;
    }
  }
  return undefined;
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
