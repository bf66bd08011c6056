import { expect, test } from "vitest";
import { idempotencyKeyIn } from "./key.ts";

test.each([
  ["8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"],
  ['"8e03978e"', "8e03978e"],
  ["1", "1"],
  ["a,b", "a,b"],
  ['a"b', 'a"b'],
  ['"a\\"b\\\\c"', 'a"b\\c'],
  ["x".repeat(255), "x".repeat(255)],
  [`"${"x".repeat(255)}"`, "x".repeat(255)],
])("%s is a key", (value, key) => {
  expect(idempotencyKeyIn(value)).toBe(key);
});

test.each([
  "",
  " ",
  "a b",
  "a, b", // how Node.js joins two headers
  '"a", "b"',
  '"',
  '""',
  '"a',
  '"a b"',
  '"a\\"',
  '"a\\b"',
  '"a";x=1',
  "é",
  "a\0",
  "x".repeat(256),
  `"${"x".repeat(256)}"`,
])("'%s' is none", (value) => {
  expect(idempotencyKeyIn(value)).toBeUndefined();
});
