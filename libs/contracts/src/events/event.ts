import { Buffer, isUtf8 } from "node:buffer";
// oxlint-disable-next-line no-restricted-imports -- hashing reads and writes nothing
import { createHash } from "node:crypto";
import { callToken } from "./call-id.ts";
import { OPEN_ARRAY, OPEN_OBJECT, QUOTE, textIn } from "../json/json-bytes.ts";
import { positionText } from "../json/json-fault.ts";
import { scanJson, type ScannedMember } from "../json/json-scan.ts";
import { eventSubject, parseEventSubject, type EventAddress } from "../streams/subjects.ts";

/** The largest event body that is delivered: 1 MiB, what a NATS server takes by default. */
export const MAX_EVENT_BYTES = 1024 * 1024;

/**
 * How deep an event's arrays and objects may be nested: common parsers' default limits (System.Text.Json 64,
 * serde_json 128, PHP 512), so that endpoints can parse every event.
 */
export const MAX_EVENT_DEPTH = 64;

/** An event as a producer publishes it to EVENTS. */
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
  /** The attempt at the call; taken from the body's `retry_count` unless given. */
  readonly retryCount?: number;
};

/**
 * Subject, bytes and message id for a producer to publish. Throws a TypeError for an event that every dispatcher
 * would refuse; only the dispatcher knows all event types.
 */
export const eventMessage = (input: EventInput): EventMessage => {
  const body = bodyBytes(input.body);
  const read = readEvent(eventSubject(input), body);
  if (read.kind === "invalid") throw new TypeError(read.message);
  const { retryCount } = input;
  // NaN would make the ids of all attempts at a call the same, and all but the first would be dropped.
  if (retryCount !== undefined && (!Number.isFinite(retryCount) || retryCount < 0)) {
    throw new TypeError(`retryCount is ${retryCount}: expected a number from 0`);
  }
  return eventMessageOf(read, body, retryCount);
};

/** The same for an event that was parsed before. */
export const eventMessageOf = (
  { address, members }: Pick<ReadEvent & { kind: "event" }, "address" | "members">,
  body: Uint8Array,
  retryCount = retryCountIn(members, body),
): EventMessage => ({
  subject: eventSubject(address),
  body,
  messageId: messageIdOf(address, retryCount, body),
});

const retryCountIn = (members: EventMembers, body: Uint8Array): number | undefined => {
  const member = members.get("retry_count");
  if (member === undefined || member.end - member.start > MAX_NUMBER_BYTES) return undefined;
  const said: unknown = JSON.parse(Buffer.from(body.subarray(member.start, member.end)).toString());
  return typeof said === "number" && said >= 0 ? said : undefined;
};

const MAX_NUMBER_BYTES = 32;

/**
 * The message id contains workspace and agent: ids of calls are not unique across them, and the duplicate window is
 * the stream's (docs/adr/0006). Without an attempt at the call, only the same bytes are a duplicate: the `completed`
 * that follows a `retry` is another event.
 */
const messageIdOf = (
  { workspaceId, agentId, callId, eventType }: EventAddress,
  retryCount: number | undefined,
  body: Uint8Array,
): string => {
  const which = retryCount === undefined ? `sha256-${hashOf(body)}` : String(retryCount);
  return `${workspaceId}:${agentId}:${callToken(callId)}:${eventType}:${which}`;
};

const hashOf = (body: Uint8Array): string =>
  createHash("sha256").update(body).digest("base64url").slice(0, 22);

const bodyBytes = (body: EventBody): Uint8Array => {
  if (body instanceof Uint8Array) return body;
  if (typeof body === "string") return Buffer.from(body, "utf8");
  if (typeof body === "object") return Buffer.from(JSON.stringify(body), "utf8");
  throw new TypeError(`body is ${typeof body}: expected a JSON object, its text or its bytes`);
};

/** The members of a body's outermost object by key; the last one of a duplicate key. */
export type EventMembers = ReadonlyMap<string, ScannedMember>;

export type ReadEvent =
  | {
      readonly kind: "event";
      readonly address: EventAddress;
      /** Positions of the body's fields in its bytes, for warnings. */
      readonly members: EventMembers;
    }
  | { readonly kind: "invalid"; readonly message: string };

/**
 * Parses a message on EVENTS. Checks only the fields that route: the subject, and that the body is an object that
 * agrees with it. Endpoints receive the message's own bytes.
 */
export const readEvent = (subject: string, body: Uint8Array): ReadEvent => {
  const parsed = parseEventSubject(subject);
  if (parsed.kind === "invalid") return parsed;
  const read = readEventBody(body);
  if (read.kind !== "object") return { kind: "invalid", message: read.message };
  return validateEvent(parsed.address, read.members, body);
};

export type EventBodyRead =
  | { readonly kind: "object"; readonly members: EventMembers }
  | { readonly kind: "not_json"; readonly message: string }
  | { readonly kind: "refused"; readonly message: string };

/** The positions of a body's members, found in one pass; or why no event can have this body. */
export const readEventBody = (body: Uint8Array): EventBodyRead => {
  if (body.byteLength > MAX_EVENT_BYTES) {
    return refused(`is ${body.byteLength} bytes, over the limit of ${MAX_EVENT_BYTES}`);
  }
  const expected = "expected a JSON object in UTF-8";
  if (body.byteLength === 0) return notJson("is empty: expected a JSON object");
  if (!isUtf8(body)) return notJson(`is not UTF-8: ${expected}`);
  // RFC 8259 section 8.1 wants none.
  if (body[0] === 0xef) return notJson(`begins with a byte-order mark: ${expected}`);
  const scanned = scanJson(body, MAX_EVENT_DEPTH);
  switch (scanned.kind) {
    case "object":
      return byKey(scanned.members);
    case "other":
      return refused(`is ${scanned.found}: expected a JSON object`);
    case "too_deep":
    case "refused_key":
      return refused(`${scanned.message} at ${positionText(body, scanned.at)}: ${expected}`);
    case "invalid":
      return notJson(`${scanned.message} at ${positionText(body, scanned.at)}: ${expected}`);
    default:
      return scanned satisfies never;
  }
};

const notJson = (problem: string) => ({ kind: "not_json", message: `body ${problem}` }) as const;

const refused = (problem: string) => ({ kind: "refused", message: `body ${problem}` }) as const;

const ROUTING: ReadonlySet<string> = new Set(["event_type", "call_id", "agent_id", "workspace_id"]);

/** The members by key. Keys that route must be unique: two parsers could route a duplicate differently. */
const byKey = (members: readonly ScannedMember[]): EventBodyRead => {
  const found = new Map<string, ScannedMember>();
  for (const member of members) {
    if (found.has(member.key) && ROUTING.has(member.key)) {
      return refused(`has the key ${member.key} twice`);
    }
    found.set(member.key, member);
  }
  return { kind: "object", members: found };
};

/** Checks that a body with these members agrees with the address. */
export const validateEvent = (
  address: EventAddress,
  members: EventMembers,
  body: Uint8Array,
): ReadEvent => {
  const said = (name: string): unknown => valueOf(members.get(name), body);
  const problem =
    missing("event_type", said("event_type")) ??
    missing("call_id", said("call_id")) ??
    disagreement("event_type", said("event_type"), address.eventType) ??
    disagreement("call_id", said("call_id"), address.callId) ??
    disagreement("agent_id", said("agent_id"), address.agentId) ??
    disagreement("workspace_id", said("workspace_id"), address.workspaceId);
  if (problem !== undefined) return { kind: "invalid", message: problem };
  return { kind: "event", address, members };
};

/** The body's fields that route: texts and null as they are, other values so that an error can say what came. */
export const routingFields = (
  members: EventMembers,
  body: Uint8Array,
): Readonly<Record<string, unknown>> =>
  Object.fromEntries([...ROUTING].map((name) => [name, valueOf(members.get(name), body)]));

const valueOf = (member: ScannedMember | undefined, body: Uint8Array): unknown => {
  if (member === undefined) return undefined;
  const [first, size] = [body[member.start], member.end - member.start];
  if (first === QUOTE) return textIn(body, member.start, member.end);
  if (first === OPEN_OBJECT) return {};
  if (first === OPEN_ARRAY) return [];
  if (size > MAX_NUMBER_BYTES) return Number.NaN; // a number that no field has
  return JSON.parse(Buffer.from(body.subarray(member.start, member.end)).toString());
};

const missing = (name: string, said: unknown): string | undefined =>
  said === undefined || said === null ? `${name} is required in the body` : undefined;

const disagreement = (name: string, said: unknown, expected: string): string | undefined => {
  if (said === expected || said === undefined || said === null) return undefined;
  if (typeof said !== "string") return `${name} in the body is no text: expected '${expected}'`;
  return `${name} '${said.slice(0, 200)}' in the body disagrees with '${expected}' in the subject`;
};

export { deliveryId, eventId, eventSequence } from "./event-id.ts";
export type { EventAddress };
