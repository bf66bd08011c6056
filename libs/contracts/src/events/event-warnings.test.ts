import { Buffer } from "node:buffer";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cpuRatio } from "../../../../test/harness/cpu-time.ts";
import { EVENT_FIELDS } from "./event-fields.ts";
import { EVENT_TYPES } from "./event-types.ts";
import { eventWarnings, type EventWarning } from "./event-warnings.ts";
import { readEvent } from "./event.ts";

const warningsOf = (event_type: string, fields: object): readonly EventWarning[] => {
  const body = Buffer.from(JSON.stringify({ ...fields, event_type, call_id: "c1" }));
  const read = readEvent(`events.w1.c1.a1.${event_type}`, body);
  if (read.kind === "invalid") throw new Error(read.message);
  return eventWarnings(event_type, read.members, body);
};

const pathsOf = (fields: object): string[] =>
  warningsOf("all_processing_completed", fields).map(({ path }) => path);

describe("a known field is as readers expect it", () => {
  test.each([
    ["call_sid", ["", "CA1"], [1, true, {}, []]],
    ["custom_args_values", [{}, { a: { b: [] } }], [[], "a=1", 1]],
    ["call_duration", [0, 61.12345678901234, "61", "61.5 s"], [-1, true, {}, [1]]],
    ["retry_count", [0, 3, "3"], [-1, 1.5, {}, true]],
    ["called_on", ["2026-03-02T10:14:05.318204", 1_772_446_445_318], [true, {}]],
    ["status", ["completed", "no_answer", "voicemail"], ["ended", "no-answer", 1, {}]],
    ["call_type", ["outbound", "inbound", "webcall"], ["phone", 1]],
    ["tool_call_logs", [[], [{ name: "x" }], [1]], [{}, "log"]],
    ["transcript", ["Hello", [], [{}], [{ bot: null }]], [{}, 1, true]],
    ["platform_analysis", ["", 0, [], {}, false], []],
  ])("%s", (name, expected, unexpected) => {
    expect(expected.filter((value) => pathsOf({ [name]: value }).length > 0)).toEqual([]);
    expect(unexpected.filter((value) => pathsOf({ [name]: value })[0] !== name)).toEqual([]);
    expect(pathsOf({ [name]: null })).toEqual([]);
    expect(pathsOf({ [name]: undefined })).toEqual([]);
  });
});

test("a transcript's first turn that is no object is named", () => {
  const transcript = [{ bot: "Hello" }, "user: hi", 3];
  expect(warningsOf("call_completed", { transcript })).toEqual([
    { path: "transcript.1", message: "expected an object as every turn" },
  ]);
});

test("a warning says of what kind a value is and never the value", () => {
  const [warning] = warningsOf("call_completed", { status: "Patient said 4111-1111" });
  expect(warning?.message).toContain("expected one of registered, ongoing");
  expect(JSON.stringify(warning)).not.toContain("4111");
});

test("fields that nobody knows, and types that are not built in, are warned of by nobody", () => {
  expect(pathsOf({ constructor: 1, toString: 2, x: 3 })).toEqual([]);
  expect(warningsOf("kyc_done", { call_sid: 1 })).toEqual([]);
});

/** Finds the warnings of an event with a list and a text of this size. */
const checkOf = (size: number) => {
  const turns = Array.from({ length: size }, () => 0);
  const fields = { transcript: turns, status: "x".repeat(size), call_duration: {} };
  const body = Buffer.from(
    JSON.stringify({ event_type: "call_completed", call_id: "c1", ...fields }),
  );
  const read = readEvent("events.w1.c1.a1.call_completed", body);
  if (read.kind === "invalid") throw new Error(read.message);
  return () => eventWarnings("call_completed", read.members, body).map(({ path }) => path);
};

test("there is at most one warning for a field, and large bodies cost no more than small ones", async () => {
  const large = checkOf(200_000);
  expect(large()).toEqual(["call_duration", "status", "transcript.0"]);
  expect(await cpuRatio(large, checkOf(200), 10)).toBeLessThan(10); // about 1
});

test("any value of any field is judged without an exception", () => {
  const anyFields = fc.dictionary(
    fc.constantFrom(...Object.keys(EVENT_FIELDS.all_processing_completed)),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(fc.constantFrom(...EVENT_TYPES), anyFields, (type, fields) => {
      for (const { path } of warningsOf(type, fields)) expect(path).toMatch(/^\w+(\.\d+)?$/);
    }),
  );
});
