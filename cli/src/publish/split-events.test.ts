import { expect, test } from "vitest";
import { splitEvents } from "./split-events.ts";

const A = '{"call_id": "a", "n": 9007199254740993}';
const B = '{ "call_id":"b,]}", "list": [1, {"x": []}] }';

test.each([
  [A, [[A, 1]]],
  [`\n\n  ${A}\n`, [[A, 3]]],
  [
    `[\n${A},\n  ${B}\n]\n`,
    [
      [A, 2],
      [B, 3],
    ],
  ],
  [
    `[${A}, ${B}]`,
    [
      [A, 1],
      [B, 1],
    ],
  ],
  [
    `{"events": [\n${A},\n${B}]}`,
    [
      [A, 2],
      [B, 3],
    ],
  ],
  [
    `${A}\n\n${B}\r\n`,
    [
      [A, 1],
      [B, 3],
    ],
  ],
  ['{\n"call_id": "a"\n}', [['{\n"call_id": "a"\n}', 1]]],
  ["[]", []],
  ['{"events": [1], "call_id": "a"}', [['{"events": [1], "call_id": "a"}', 1]]],
])("%j has its events as they are written, each with its line", (text, expected) => {
  const events = expected.map(([written, line]) => ({ text: written, line }));
  expect(splitEvents(text)).toEqual({ kind: "events", events });
});

test.each([
  ["", "1:1", "there is nothing"],
  [`${A}\n{"call_id": }\n${B}`, "2:13", "is no JSON: it does not go on with '}' here"],
  [`{"a": 1,\n "b": x}`, "2:7", "is no JSON: it does not go on with 'x' here"],
  [`[${A}`, "1:41", "is no JSON: it ends too early here"],
])("%j is no JSON, and the place is named", (text, at, message) => {
  expect(splitEvents(text)).toEqual({ kind: "invalid", at, message });
});

test("an event of many megabytes is split like any other", () => {
  const text = JSON.stringify([{ a: `"\\${"x".repeat(20_000_000)}` }, { b: "]" }]);
  expect(splitEvents(text)).toMatchObject({ kind: "events", events: [{}, { text: '{"b":"]"}' }] });
});
