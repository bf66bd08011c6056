import { expect, test } from "vitest";
import { byLikeness, meantBy } from "./likeness.ts";

const TYPES = ["call_started", "call_completed", "recording_completed", "recording_failed"];

test.each([
  ["call_complete", ["call_completed"]],
  ["Call_Compelted", ["call_completed"]],
  ["recording", ["recording_failed", "recording_completed"]],
  ["kyc", []],
  ["", []],
  ["c".repeat(10_000), []],
])("who wrote '%s' may have meant %j", (text, expected) => {
  expect(meantBy(text, TYPES)).toEqual(expected);
});

test("all names come, the likest first", () => {
  const listed = byLikeness("recording_fail", TYPES);
  expect(listed.slice(0, 2)).toEqual(["recording_failed", "recording_completed"]);
  expect(listed.toSorted()).toEqual(TYPES.toSorted());
});
