import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  ENDPOINT_HEALTH as POLICY,
  healthAfter,
  sumOf,
  withAttempt,
  type HealthWindow,
  type NotifiedHealth,
} from "./health.ts";

const HEALTHY: NotifiedHealth = { kind: "healthy" };
const failingAt = (atPercent: 50 | 70 | 90 | 100): NotifiedHealth => ({
  kind: "failing",
  atPercent,
  sinceMs: 1_000,
});
const NOW_MS = 2_000;
const newly = (atPercent: number) => ({ kind: "failing", atPercent, sinceMs: NOW_MS });
const NO_CHANGE = "none";
const RECOVERED = HEALTHY;

test.each([
  // failed, attempts, published before, change
  [0, 10, HEALTHY, NO_CHANGE],
  [4, 10, HEALTHY, NO_CHANGE],
  [9, 9, HEALTHY, NO_CHANGE], // too few to say anything
  [5, 10, HEALTHY, newly(50)],
  [6, 10, HEALTHY, newly(50)],
  [7, 10, HEALTHY, newly(70)],
  [9, 10, HEALTHY, newly(90)],
  [999, 1_000, HEALTHY, newly(90)],
  [10, 10, HEALTHY, newly(100)],
  [5, 10, failingAt(50), NO_CHANGE],
  [7, 10, failingAt(50), failingAt(70)],
  [10, 10, failingAt(50), failingAt(100)],
  [5, 10, failingAt(100), NO_CHANGE],
  [9, 10, failingAt(100), NO_CHANGE],
  [25, 100, failingAt(50), NO_CHANGE], // not few enough
  [24, 100, failingAt(50), RECOVERED],
  [0, 1, failingAt(100), RECOVERED],
  [0, 0, failingAt(100), NO_CHANGE], // nobody knows
  [1, 1, failingAt(100), NO_CHANGE],
] as const)(
  "%i of %i attempts failed, published before: %o, change: %o",
  (failed, attempts, notified, change) => {
    const after = healthAfter(notified, { failed, attempts }, NOW_MS, POLICY);
    expect(after === notified ? NO_CHANGE : after).toEqual(change);
  },
);

const attempts = fc.array(
  fc.record({ afterMs: fc.integer({ min: 0, max: 60_000 }), hasFailed: fc.boolean() }),
  { maxLength: 120 },
);

type Attempt = { readonly atMs: number; readonly hasFailed: boolean };

const placed = (gaps: readonly { afterMs: number; hasFailed: boolean }[]): Attempt[] => {
  let atMs = 1_000_000;
  return gaps.map(({ afterMs, hasFailed }) => ({ atMs: (atMs += afterMs), hasFailed }));
};

const failedIn = (list: readonly Attempt[]): number => list.filter((one) => one.hasFailed).length;

const windowOf = (all: readonly Attempt[]): HealthWindow =>
  all.reduce<HealthWindow>(
    (window, { atMs, hasFailed }) => withAttempt(window, atMs, hasFailed, POLICY),
    [],
  );

test("the window holds every attempt of its time, and none that is older by a bucket", () => {
  fc.assert(
    fc.property(attempts, fc.integer({ min: 0, max: 400_000 }), (gaps, laterMs) => {
      const all = placed(gaps);
      const nowMs = (all.at(-1)?.atMs ?? 0) + laterMs;
      const sum = sumOf(windowOf(all), nowMs, POLICY);
      const { windowMs, bucketMs } = POLICY;
      const surely = all.filter(({ atMs }) => atMs > nowMs - windowMs + bucketMs);
      const perhaps = all.filter(({ atMs }) => atMs > nowMs - windowMs);
      expect(sum.attempts).toBeGreaterThanOrEqual(surely.length);
      expect(sum.attempts).toBeLessThanOrEqual(perhaps.length);
      expect(sum.failed).toBeGreaterThanOrEqual(failedIn(surely));
      expect(sum.failed).toBeLessThanOrEqual(failedIn(perhaps));
    }),
  );
});

test("a window never has more buckets than its time holds, however many attempts there were", () => {
  fc.assert(
    fc.property(attempts, (gaps) => {
      const { windowMs, bucketMs } = POLICY;
      expect(windowOf(placed(gaps)).length).toBeLessThanOrEqual(windowMs / bucketMs);
    }),
  );
});

test("an attempt that seems older than the one before counts with it", () => {
  const window = windowOf([
    { atMs: 1_000_000, hasFailed: true },
    { atMs: 900_000, hasFailed: false },
  ]);
  expect(sumOf(window, 1_000_000, POLICY)).toEqual({ attempts: 2, failed: 1 });
});

/** All that is notified of an endpoint when it is looked at after each attempt. */
const changesOf = (all: readonly Attempt[]): NotifiedHealth[] => {
  let window: HealthWindow = [];
  let notified: NotifiedHealth = HEALTHY;
  return all.flatMap(({ atMs, hasFailed }) => {
    window = withAttempt(window, atMs, hasFailed, POLICY);
    const before = notified;
    notified = healthAfter(notified, sumOf(window, atMs, POLICY), atMs, POLICY);
    return notified === before ? [] : [notified];
  });
};

/** What was notified between two recoveries, or before the first and after the last. */
const episodes = (changes: readonly NotifiedHealth[]): number[][] => {
  const all: number[][] = [[]];
  for (const one of changes) {
    if (one.kind === "failing") all.at(-1)?.push(one.atPercent);
    else all.push([]);
  }
  return all;
};

test("each share is notified at most once until the endpoint recovers, and shares only grow till then", () => {
  fc.assert(
    fc.property(attempts, (gaps) => {
      const notified = episodes(changesOf(placed(gaps)));
      const growing = notified.map((shares) => [...new Set(shares)].toSorted((x, y) => x - y));
      expect(notified).toEqual(growing);
      expect(notified.slice(0, -1).filter((shares) => shares.length === 0)).toEqual([]);
    }),
  );
});

const row = (n: number, hasFailed: boolean) =>
  Array.from({ length: n }, () => ({ afterMs: 1_000, hasFailed }));

test("an endpoint that goes down, comes back and goes down again is notified of each time", () => {
  const all = placed([...row(10, false), ...row(40, true), ...row(200, false), ...row(300, true)]);
  const notified = changesOf(all);
  expect(
    notified.map((change) => (change.kind === "failing" ? change.atPercent : change.kind)),
  ).toEqual([50, 70, "healthy", 50, 70, 90, 100]);
  const [first, second] = notified;
  expect(second).toEqual({ ...first, atPercent: 70, sinceMs: all[19]?.atMs });
});
