import { expect, test } from "vitest";
import { didYouMean, nearest } from "./nearest.ts";

const TYPES = ["call_started", "call_completed", "recording_completed", "recording_failed"];

test.each([
  ["call_complete", ["call_completed"]],
  ["Call_Compelted", ["call_completed"]],
  ["recording", ["recording_completed", "recording_failed"]],
  ["kyc", []],
])("'%s' is near to %j", (text, expected) => {
  expect(nearest(text, TYPES)).toEqual(expected);
});

test("nothing is guessed where nothing is near", () => {
  expect(didYouMean("kyc", TYPES)).toBe("");
  expect(didYouMean("recording", TYPES)).toBe(
    ": did you mean recording_completed or recording_failed?",
  );
});
