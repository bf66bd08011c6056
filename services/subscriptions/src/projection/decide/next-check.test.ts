import { expect, test } from "vitest";
import { nextLookMs } from "./next-check.ts";

test.each([
  ["one that was stored just now", 0, 5_000],
  ["one from after this clock's time", -60_000, 5_000],
  ["one of a minute", 60_000, 15_000],
  ["one of a week", 7 * 24 * 3_600_000, 600_000],
])("%s is looked at again after %i ms of age in %i ms", (_which, ageMs, waitMs) => {
  expect(nextLookMs(1_000_000_000 - ageMs, 1_000_000_000)).toBe(1_000_000_000 + waitMs);
});
