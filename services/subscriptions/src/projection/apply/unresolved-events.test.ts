import { expect, test } from "vitest";
import { nextCheckMs } from "./unresolved-events.ts";

test.each([
  ["an event that was stored just now", 0, 5_000],
  ["an event from after this clock's time", -60_000, 5_000],
  ["an event of a minute", 60_000, 15_000],
  ["an event of a week", 7 * 24 * 3_600_000, 600_000],
])("%s is checked again after %i ms of age in %i ms", (_which, ageMs, waitMs) => {
  expect(nextCheckMs(1_000_000_000 - ageMs, 1_000_000_000)).toBe(1_000_000_000 + waitMs);
});
