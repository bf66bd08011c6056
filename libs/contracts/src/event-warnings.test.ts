import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EVENT_FIELDS } from "./event-fields.ts";
import { EVENT_TYPES } from "./event-types.ts";
import { eventWarnings } from "./event-warnings.ts";

const pathsOf = (fields: Record<string, unknown>): string[] =>
  eventWarnings("all_processing_completed", fields).map(({ path }) => path);

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
  expect(eventWarnings("call_completed", { transcript })).toEqual([
    { path: "transcript.1", message: "expected an object, found another text" },
  ]);
});

test("a warning says of what kind a value is and never the value", () => {
  const [warning] = eventWarnings("call_completed", { status: "Patient said 4111-1111" });
  expect(warning?.message).toContain("expected one of registered, ongoing");
  expect(JSON.stringify(warning)).not.toContain("4111");
});

test("fields that nobody knows, and types that are not built in, are warned of by nobody", () => {
  expect(pathsOf({ constructor: 1, toString: 2, x: 3 })).toEqual([]);
  expect(eventWarnings("kyc_done", { call_sid: 1 })).toEqual([]);
});

test("there is at most one warning for a field, whatever the body holds, in little time", () => {
  const large = Array.from({ length: 500_000 }, () => 0);
  const fields = Object.fromEntries(
    Object.keys(EVENT_FIELDS.call_completed).map((name) => [name, large]),
  );
  const started = performance.now();
  const warnings = eventWarnings("call_completed", fields);
  expect(performance.now() - started).toBeLessThan(20);
  expect(warnings.length).toBeLessThanOrEqual(Object.keys(fields).length);
});

test("any value of any field is judged without an exception", () => {
  const anyFields = fc.dictionary(
    fc.constantFrom(...Object.keys(EVENT_FIELDS.all_processing_completed)),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(fc.constantFrom(...EVENT_TYPES), anyFields, (type, fields) => {
      for (const { path } of eventWarnings(type, fields)) expect(path).toMatch(/^\w+(\.\d+)?$/);
    }),
  );
});
