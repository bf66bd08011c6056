import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ACTIVITY_BUCKETS, bucketsOf, known, OVERVIEW_BUCKETS, PERIODS } from "./buckets.ts";

const NOW_MS = Date.parse("2026-03-02T10:17:41.316Z");

const times = ({ sinceMs, untilMs }: { readonly sinceMs: number; readonly untilMs: number }) =>
  [sinceMs, untilMs].map((ms) => new Date(ms).toISOString());

test("an hour is sixty minutes, the last of them the one that runs", () => {
  const buckets = bucketsOf(OVERVIEW_BUCKETS["1h"], NOW_MS);
  expect(times(buckets)).toEqual(["2026-03-02T09:18:00.000Z", "2026-03-02T10:18:00.000Z"]);
  expect(buckets.bucketMs).toBe(60_000);
});

test("longer buckets are fewer, over the same time", () => {
  const buckets = bucketsOf(OVERVIEW_BUCKETS["1h"], NOW_MS, 5 * 60_000);
  expect(times(buckets)).toEqual(["2026-03-02T09:20:00.000Z", "2026-03-02T10:20:00.000Z"]);
  expect(buckets.bucketMs).toBe(300_000);
});

test("a time that is a bucket's beginning is in that bucket", () => {
  const nowMs = Date.parse("2026-03-02T12:00:00Z");
  expect(times(bucketsOf(ACTIVITY_BUCKETS["24h"], nowMs))).toEqual([
    "2026-03-01T13:00:00.000Z",
    "2026-03-02T13:00:00.000Z",
  ]);
});

test("whatever the time, there are at most 60 buckets, and now is in the last one", () => {
  const divisions = [OVERVIEW_BUCKETS, ACTIVITY_BUCKETS].flatMap((all) =>
    PERIODS.map((period) => all[period]),
  );
  fc.assert(
    fc.property(fc.constantFrom(...divisions), fc.nat(4e12), (division, nowMs) => {
      const { sinceMs, untilMs, bucketMs } = bucketsOf(division, nowMs);
      expect((untilMs - sinceMs) / bucketMs).toBe(division.count);
      expect(division.count).toBeLessThanOrEqual(60);
      expect(Number.isInteger(sinceMs / bucketMs)).toBe(true);
      expect(nowMs).toBeLessThan(untilMs);
      expect(nowMs).toBeGreaterThanOrEqual(untilMs - bucketMs);
    }),
  );
});

test("what was before the streams is unknown, and not nothing", () => {
  const buckets = { sinceMs: 0, untilMs: 40, bucketMs: 10 };
  expect(known([0, 0, 1, 0], buckets, 0)).toEqual([0, 0, 1, 0]);
  expect(known([0, 0, 1, 0], buckets, 15)).toEqual([null, 0, 1, 0]);
  expect(known([0, 0, 1, 0], buckets, 20)).toEqual([null, null, 1, 0]);
});
