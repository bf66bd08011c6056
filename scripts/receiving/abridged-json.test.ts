import { expect, test } from "vitest";
import { abridged } from "./abridged-json.ts";

const printed = (value: string): unknown => JSON.parse(abridged(value));

test("all fields of the event stay; inner objects, lists and texts are cut", () => {
  const fields = Object.fromEntries("abcdefgh".split("").map((name) => [name, 1]));
  expect(printed(JSON.stringify(fields))).toEqual(fields);
  expect(printed(JSON.stringify({ inner: fields }))).toEqual({ inner: { a: 1, b: 1, c: 1, d: 1 } });
  expect(printed('{"list": [1, 2, 3], "text": "' + "x".repeat(61) + '"}')).toEqual({
    list: [1, 2],
    text: `${"x".repeat(60)}…`,
  });
});

test("a number stays as it is written, also one that JavaScript cannot hold", () => {
  expect(abridged('{"a": {"id": 9007199254740993, "sum": 4250.00}}')).toContain(
    '"id": 9007199254740993,\n    "sum": 4250.00',
  );
});

test("a text is not cut within what people see as one character", () => {
  const text = "कि".repeat(70);
  expect(printed(JSON.stringify({ text }))).toEqual({ text: `${"कि".repeat(60)}…` });
});
