import { expect, test } from "vitest";
import { didYouMean } from "./did-you-mean.ts";

const TYPES = ["call_started", "call_completed", "recording_completed", "recording_failed"];

test("at most three names are guessed, and none where none is like the text", () => {
  expect(didYouMean("kyc", TYPES)).toBe("");
  expect(didYouMean("recording", TYPES)).toBe(
    ": did you mean recording_failed or recording_completed?",
  );
  const many = ["agent-1", "agent-2", "agent-3", "agent-4"];
  expect(didYouMean("agent-9", many)).toBe(": did you mean agent-1 or agent-2 or agent-3?");
});
