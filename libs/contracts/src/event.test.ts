import { Buffer } from "node:buffer";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EVENT_SCHEMAS } from "./event-types.ts";
import { MAX_EVENT_BYTES, MAX_EVENT_DEPTH, readEvent } from "./event.ts";
import { eventSubject, type EventAddress } from "./subjects.ts";

const AT: EventAddress = {
  workspaceId: "w1",
  callId: "c1",
  agentId: "a1",
  eventType: "call_completed",
};
const SUBJECT = eventSubject(AT);
const REQUIRED = { event_type: "call_completed", call_id: "c1" };

const bytes = (text: string): Uint8Array => Buffer.from(text, "utf8");
const json = (more: object = {}): string => JSON.stringify({ ...REQUIRED, ...more });

const NOT_UTF8 = Buffer.from([...bytes('{"event_type":"'), 0xff, 0xfe, ...bytes('"}')]);
const TOO_LONG = bytes(json({ padding: "x".repeat(MAX_EVENT_BYTES) }));

describe("a message that is no event is refused with what is wrong", () => {
  test.each<[string, Uint8Array | string, string]>([
    ["an empty body", "", "body is empty: expected a JSON object"],
    ["text that is not JSON", "{event_type}", "body is not valid JSON at position 1"],
    ["JSON that breaks off", '{"call_id":', "body is not valid JSON"],
    ["two JSON values", "{}{}", "body is not valid JSON at position 2"],
    ["a byte-order mark", `\uFEFF${json()}`, "body begins with a byte-order mark: expected"],
    ["bytes that are not UTF-8", NOT_UTF8, "body is not UTF-8: expected a JSON object in UTF-8"],
    [
      "an id that is there twice",
      `{"call_id":"c2",${json().slice(1)}`,
      "body has a key twice in one object at call_id: expected",
    ],
    [
      "an id that is there twice, once in escapes",
      `{"agent_id":"a1","agent\\u005fid":"a2",${json().slice(1)}`,
      "body has a key twice in one object at agent_id: expected",
    ],
    [
      "a key that is there twice somewhere inside",
      json({ x: [] }).replace("[]", '[{"y":{"a":1,"a":1}}]'),
      "body has a key twice in one object at x.[].y.a: expected",
    ],
    [
      "a key that would be a prototype",
      json({ x: {} }).replace("{}", '{"__proto__":{"agent_id":"a2"}}'),
      "body has a key that is refused everywhere at x.__proto__: expected",
    ],
    [
      "deep nesting",
      json({ x: 0 }).replace(":0", `:${"[".repeat(64)}${"]".repeat(64)}`),
      "body is nested deeper than 64 levels at position",
    ],
    ["an array", "[]", "body is an array: expected a JSON object"],
    ["null", "null", "body is null: expected a JSON object"],
    ["a string", '"event"', "body is a string: expected a JSON object"],
    ["a number", "1", "body is a number: expected a JSON object"],
    ["a boolean", "true", "body is a boolean: expected a JSON object"],
    [
      "a body over the limit",
      TOO_LONG,
      `body is ${TOO_LONG.length} bytes, over the limit of 1048576`,
    ],
    ["no event_type", '{"call_id":"c1"}', 'event_type: Invalid input: expected "call_completed"'],
    [
      "no call_id",
      '{"event_type":"call_completed"}',
      "call_id: Invalid input: expected string, received undefined",
    ],
    [
      "another event_type",
      json({ event_type: "recording_completed" }),
      "event_type 'recording_completed' in the body disagrees with 'call_completed' in the subject",
    ],
    [
      "another call_id",
      json({ call_id: "c2" }),
      "call_id 'c2' in the body disagrees with 'c1' in the subject",
    ],
    [
      "another agent_id",
      json({ agent_id: "a2" }),
      "agent_id 'a2' in the body disagrees with 'a1' in the subject",
    ],
    [
      "another workspace_id",
      json({ workspace_id: "w2" }),
      "workspace_id 'w2' in the body disagrees with 'w1' in the subject",
    ],
    ["an id in other letters", json({ agent_id: "A1" }), "agent_id 'A1' in the body disagrees"],
    ["an empty id", json({ agent_id: "" }), "agent_id '' in the body disagrees"],
    ["a long id", json({ agent_id: "x".repeat(5_000) }), `agent_id '${"x".repeat(200)}' in`],
    [
      "an id that is a number",
      json({ agent_id: 1 }),
      "agent_id: Invalid input: expected string, received number",
    ],
    [
      "several wrong fields",
      json({ call_sid: 1, call_duration: "60" }),
      "call_sid: Invalid input: expected string, received number; call_duration: Invalid input: expected number, received string",
    ],
  ])("%s", (_what, body, message) => {
    expect(readEvent(SUBJECT, typeof body === "string" ? bytes(body) : body)).toMatchObject({
      kind: "invalid",
      message: expect.stringContaining(message),
    });
  });

  test("a subject that is none of an event's", () => {
    const read = readEvent("events.w1.c1.a1.call_started", bytes(json()));
    const message = "event type 'call_started' in subject 'events.w1.c1.a1.call_started' is not";
    expect(read).toEqual({ kind: "invalid", message: expect.stringContaining(message) });
  });

  test("any bytes at all are judged without an exception", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (body) => {
        expect(["event", "invalid"]).toContain(readEvent(SUBJECT, body).kind);
      }),
    );
  });
});

test("a body of exactly the limit is an event", () => {
  const filler = MAX_EVENT_BYTES - json({ padding: "" }).length;
  const body = bytes(json({ padding: "x".repeat(filler) }));
  expect(body).toHaveLength(MAX_EVENT_BYTES);
  expect(readEvent(SUBJECT, body).kind).toBe("event");
});

test("a body that is nested as deep as is allowed is an event", () => {
  const levels = MAX_EVENT_DEPTH - 1; // the body itself is the first
  const body = json().replace("}", `,"x":${"[".repeat(levels)}${"]".repeat(levels)}}`);
  expect(readEvent(SUBJECT, bytes(body)).kind).toBe("event");
});

test("JSON that is nested very deeply is refused without an exception", () => {
  const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
  const body = json().replace("}", `,"x":${deep}}`);
  expect(readEvent(SUBJECT, bytes(body)).kind).toBe("invalid");
});

test("an event's address and retry count are said", () => {
  expect(readEvent(SUBJECT, bytes(json({ retry_count: 2 })))).toEqual({
    kind: "event",
    address: AT,
    retryCount: 2,
  });
  for (const more of [{}, { retry_count: null }]) {
    expect(readEvent(SUBJECT, bytes(json(more)))).toMatchObject({ retryCount: 0 });
  }
});

test("a transcript is accepted exactly where the catalogue's schema accepts it", () => {
  const word = fc.oneof(fc.string(), fc.constantFrom(null, 1, true), fc.constant(["a"]));
  const names = fc.constantFrom("bot", "user", "role", "content", "at");
  const turn = fc.oneof(fc.dictionary(names, word, { noNullPrototype: true }), word);
  const transcripts = fc.oneof(fc.array(turn, { maxLength: 3 }), turn);
  fc.assert(
    fc.property(transcripts, (transcript) => {
      const body = { ...REQUIRED, transcript };
      const isAccepted = EVENT_SCHEMAS.call_completed.safeParse(body).success;
      const read = readEvent(SUBJECT, bytes(json({ transcript })));
      expect(read.kind).toBe(isAccepted ? "event" : "invalid");
    }),
    { numRuns: 1_000 },
  );
});
