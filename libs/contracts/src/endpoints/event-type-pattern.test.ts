import { expect, test } from "vitest";
import { isEventTypePattern, matchesEventType } from "./event-type-pattern.ts";

test.each(["*", "call_*", "*_completed", "call_completed", "own_type", "a*", "*a", "*_"])(
  "'%s' is a pattern",
  (text) => {
    expect(isEventTypePattern(text)).toBe(true);
  },
);

test.each(["", "**", "call_*_completed", "Call_*", "*call*", "1*", " *", "call.*", "*".repeat(3)])(
  "'%s' is none",
  (text) => {
    expect(isEventTypePattern(text)).toBe(false);
  },
);

test.each([
  ["*", "call_completed", true],
  ["*", "a_type_of_their_own", true],
  ["call_*", "call_completed", true],
  ["call_*", "recording_completed", false],
  ["*_completed", "recording_completed", true],
  ["*_completed", "recording_failed", false],
  ["call_completed", "call_completed", true],
  ["call_completed", "call_completed_twice", false],
  // What the workspace itself is told has to be named.
  ["*", "delivery_exhausted", false],
  ["delivery_*", "delivery_exhausted", false],
  ["delivery_exhausted", "delivery_exhausted", true],
])("'%s' and the type %s: %s", (pattern, eventType, expected) => {
  expect(matchesEventType(pattern, eventType)).toBe(expected);
});
