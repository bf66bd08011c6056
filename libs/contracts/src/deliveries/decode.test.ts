import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { decodeAttempt, decodeDeadLetter, decodeOperation } from "./decode.ts";

const letter = {
  reason: "internal",
  at: "2026-11-28T12:00:00Z",
  message: "Gave up after an hour.",
};

test("what is stored is read, with fields that only a later version knows", () => {
  const stored = { ...letter, of_later: 1 };
  const decoded = decodeDeadLetter(Buffer.from(JSON.stringify(stored)));
  expect(decoded).toEqual({ value: stored });
});

test("a part of a larger buffer is read alone", () => {
  const text = JSON.stringify(letter);
  const large = new TextEncoder().encode(`x${text}x`);
  expect(decodeDeadLetter(large.subarray(1, -1))).toEqual({ value: letter });
});

test.each([
  ["not JSON", "{", []],
  ["no bytes", "", []],
  ["JSON of no record", "null", [""]],
  ["a field that is wrong", JSON.stringify({ ...letter, message: 7 }), ["message"]],
])("%s is unreadable, and only the paths are named", (_, text, wrong) => {
  expect(decodeDeadLetter(Buffer.from(text))).toEqual({ wrong });
});

test("each stream has its own form", () => {
  const data = Buffer.from(JSON.stringify(letter));
  expect(decodeAttempt(data).wrong).toContain("event_id");
  expect(decodeOperation(data).wrong).toEqual(["kind"]);
});
