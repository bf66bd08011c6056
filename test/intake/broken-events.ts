import { Buffer } from "node:buffer";
import { MAX_EVENT_BYTES, MAX_EVENT_DEPTH } from "@ringback/contracts/events/event";
import {
  MAX_EVENT_HEADER_BYTES,
  MAX_EVENT_HEADERS,
} from "@ringback/contracts/events/event-headers";
import * as fc from "fast-check";
import {
  type AnyMessage,
  ID,
  messageOf,
  type Right,
  right,
  subjectOf,
  textOf,
} from "./right-events.ts";

/** One way to break an event: with something by chance, into a message with one problem. */
const broken = <T>(
  what: string,
  chance: fc.Arbitrary<T>,
  problem: RegExp,
  breakIt: (event: Right, by: T) => Partial<AnyMessage>,
): fc.Arbitrary<AnyMessage> =>
  fc
    .tuple(right, chance)
    .map(([event, by]) => messageOf(event, { what, problem, ...breakIt(event, by) }));

const nothing = fc.constant(null);
const share = fc.double({ min: 0, max: 0.999, noNaN: true });
const text = (body: string): Partial<AnyMessage> => ({ body: Buffer.from(body) });

/** The event's text with something more before its last brace. */
export const withMember = (event: Right, member: string): string =>
  `${textOf(event).slice(0, -1)},${member}}`;

/** A key as nobody writes it, and every reader of JSON reads it. */
export const escaped = (key: string): string =>
  key.replaceAll(/[^]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

const brokenSubjects = [
  broken("tokens missing", fc.integer({ min: 2, max: 4 }), /is not events\./, (e, n) => ({
    subject: subjectOf(e).split(".").slice(0, n).join("."),
  })),
  broken("tokens too many", fc.stringMatching(ID), /is not events\./, (e, token) => ({
    subject: `${subjectOf(e)}.${token}`,
  })),
  broken(
    "an id of other characters",
    fc.constantFrom("$", "é", "a b", '"', "a".repeat(129)),
    /is not 1 to 128/,
    (e, bad) => ({
      subject: subjectOf({ ...e, agent: bad.replace(" ", "\u00a0") }),
    }),
  ),
  broken(
    "a type that nobody knows",
    fc.constantFrom("toString", "kyc_begun", "constructor", "__proto__"),
    /is not known|is no name of an event type/,
    (e, type) => ({ subject: subjectOf({ ...e, type }), ...text(textOf({ ...e, type })) }),
  ),
];

const brokenIds = [
  broken(
    "ids that disagree",
    fc.constantFrom("call_id", "agent_id", "workspace_id", "event_type"),
    /disagrees with/,
    (e, name) => text(textOf(e, { [name]: "other.than-in-the-subject" })),
  ),
  broken(
    "an id twice",
    fc.constantFrom("call_id", "agent_id", "workspace_id"),
    /key \w+_id twice/,
    (e, name) => {
      const { call_id, agent_id, workspace_id } = {
        call_id: e.call,
        agent_id: e.agent,
        workspace_id: e.workspace,
      };
      const value = JSON.stringify({ call_id, agent_id, workspace_id }[name]);
      return text(
        withMember({ ...e, fields: { ...e.fields, [name]: "a" } }, `"${escaped(name)}":${value}`),
      );
    },
  ),
  broken(
    "an id missing",
    fc.constantFrom("call_id", "event_type"),
    /^(call_id|event_type) is required/,
    (e, name) => text(textOf(e, { [name]: undefined })),
  ),
  broken("an id of another type", fc.constantFrom({}, 1, [], true), /is no text/, (e, agent_id) =>
    text(textOf(e, { agent_id })),
  ),
];

const brokenJson = [
  broken(
    "too deep",
    fc.integer({ min: MAX_EVENT_DEPTH, max: 5_000 }),
    /nested deeper than 64/,
    (e, depth) => text(withMember(e, `"y":${"[".repeat(depth)}${"]".repeat(depth)}`)),
  ),
  broken("broken off", share, /not valid JSON|is empty|not UTF-8/, (e, where) => {
    const whole = Buffer.from(textOf(e));
    return { body: whole.subarray(0, Math.floor(whole.byteLength * where)) };
  }),
  broken(
    "invalid UTF-8",
    fc.tuple(share, fc.constantFrom([0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80])),
    /not UTF-8/,
    (e, [where, bytes]) => {
      const whole = Buffer.from(textOf(e));
      const at = Math.floor(whole.byteLength * where);
      return {
        body: Buffer.concat([whole.subarray(0, at), Buffer.from(bytes), whole.subarray(at)]),
      };
    },
  ),
  broken("a byte-order mark", nothing, /byte-order mark/, (e) => text(`\uFEFF${textOf(e)}`)),
  broken(
    "another value",
    fc.oneof(fc.array(fc.nat()), fc.string(), fc.double(), fc.constant(null)),
    /: expected a JSON object/,
    (_e, value) => text(JSON.stringify(value)),
  ),
  broken(
    "no JSON at all",
    fc.uint8Array({ maxLength: 40 }),
    /: expected a JSON object/,
    (_e, bytes) => ({
      body: Buffer.concat([Buffer.from([0x7b, 0x21]), bytes]),
    }),
  ),
];

const brokenSizes = [
  broken(
    "headers too many",
    fc.integer({ min: MAX_EVENT_HEADERS + 1, max: 500 }),
    /headers, over the limit/,
    (_e, n) => ({
      headers: `NATS/1.0\r\n${"A: b\r\n".repeat(n)}\r\n`,
    }),
  ),
  broken(
    "headers too long",
    fc.integer({ min: MAX_EVENT_HEADER_BYTES, max: 60_000 }),
    /headers are \d+ bytes/,
    (_e, n) => ({
      headers: `NATS/1.0\r\nA: ${"b".repeat(n)}\r\n\r\n`,
    }),
  ),
];

/** Big: a few in a thousand. */
export const tooLong = broken(
  "a body too long",
  fc.integer({ min: 1, max: 1_000 }),
  /bytes, over the limit of 1048576/,
  (e, more) => text(withMember(e, `"y":"${"z".repeat(MAX_EVENT_BYTES + more)}"`)),
);

/** Every way to break an event but the big one. */
export const brokenEvents = [...brokenSubjects, ...brokenIds, ...brokenJson, ...brokenSizes];
