import { Buffer } from "node:buffer";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_EVENT_BYTES, MAX_EVENT_DEPTH, readEvent } from "./event.ts";
import { eventSubject, type EventAddress } from "../streams/subjects.ts";

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
      `{"call_id":"c1",${json().slice(1)}`,
      "body has the key call_id twice",
    ],
    [
      "an id that is there twice, once in escapes",
      `{"agent_id":"a1","agent\\u005fid":"a1",${json().slice(1)}`,
      "body has the key agent_id twice",
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
    ["no event_type", '{"call_id":"c1"}', "event_type is required in the body"],
    ["no call_id", '{"event_type":"call_completed"}', "call_id is required in the body"],
    ["a call_id that is null", json({ call_id: null }), "call_id is required in the body"],
    [
      "ids inside another object",
      '{"a":{"event_type":"call_completed","call_id":"c1"}}',
      "event_type is required",
    ],
    ["NaN", '{"call_id":"c1","event_type":"call_completed","x":NaN}', "body is not valid JSON"],
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
      "agent_id in the body is no text: expected 'a1'",
    ],
    ["a call_id that is a number", json({ call_id: 123 }), "call_id in the body is no text"],
    [
      "a workspace_id that is a list",
      json({ workspace_id: ["w1"] }),
      "workspace_id in the body is no text",
    ],
  ])("%s", (_what, body, message) => {
    expect(readEvent(SUBJECT, typeof body === "string" ? bytes(body) : body)).toMatchObject({
      kind: "invalid",
      message: expect.stringContaining(message),
    });
  });

  test("a subject that is none of an event's", () => {
    const read = readEvent("events.w1.c1.a1.Call-Started", bytes(json()));
    const message =
      "event type 'Call-Started' in subject 'events.w1.c1.a1.Call-Started' is no name";
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

test("an event's address is said, and where its fields stand in the body", () => {
  const body = bytes(json({ retry_count: 2 }));
  const read = readEvent(SUBJECT, body);
  expect(read).toMatchObject({ kind: "event", address: AT });
  const { start = 0, end = 0 } = (read.kind === "event" && read.members.get("retry_count")) || {};
  expect(Buffer.from(body.subarray(start, end)).toString()).toBe("2");
});

test("a call's id of any visible characters stands encoded in the subject and as it is in the body", () => {
  const at = { ...AT, callId: "a84b4c76e66710@pc33.example:5060;x=1" };
  const subject = eventSubject(at);
  expect(subject.split(".")).toHaveLength(5);
  const read = readEvent(subject, bytes(json({ call_id: at.callId })));
  expect(read).toMatchObject({ kind: "event", address: at });
});

/** A body's own keys may repeat, and be any words: only two readers of what routes must agree. */
test.each([
  ["a key twice inside", '"x":[{"y":{"a":1,"a":1}}]'],
  ["a key twice at the top", '"x":1,"x":2'],
  ["a routing key twice inside", '"x":{"call_id":"c2","call_id":"c3"}'],
  ["a routing key as a value", '"x":"call_id","y":["call_id","call_id"]'],
  ["keys of JavaScript's prototypes", '"__proto__":{"agent_id":"a2"},"constructor":1'],
])("what does not route is delivered: %s", (_what, fields) => {
  expect(readEvent(SUBJECT, bytes(`{${fields},${json().slice(1)}`)).kind).toBe("event");
});

test("an event that differs from an accepted one only in what does not route is accepted", () => {
  const routing = new Set(["event_type", "call_id", "agent_id", "workspace_id"]);
  const names = fc.oneof(
    fc.constantFrom("status", "transcript", "analysis_data", "call_duration", "retry_count"),
    fc.string({ unit: "binary" }).filter((name) => !routing.has(name)),
  );
  const fields = fc.dictionary(names, fc.jsonValue({ maxDepth: 4 }), { noNullPrototype: true });
  fc.assert(
    fc.property(fields, (more) => {
      const text =
        json().slice(0, -1) +
        JSON.stringify(more)
          .replace(/^\{(?=.)/, ",")
          .replace(/^,\}$/, "}");
      expect(readEvent(SUBJECT, bytes(text)).kind).toBe("event");
    }),
    { numRuns: 100 },
  );
});
