import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  attemptEnded,
  attemptStarted,
  expectedMs,
  IDLE,
  IDLE_POOL,
  poolEnded,
  poolStarted,
  releaseGapMs,
  type EndpointLoad,
} from "./load.ts";

const NOW_MS = 1_000_000;
const DEADLINE_MS = 30_000;

const load = (agesMs: readonly number[], serviceMs: number, sinceEndMs = 0): EndpointLoad => ({
  starts: agesMs.map((ageMs) => NOW_MS - ageMs),
  serviceMs,
  lastEndMs: NOW_MS - sinceEndMs,
});

describe("the duration that is expected", () => {
  test.each([
    { what: "the average while answers come", load: load([90], 100, 20), expected: 100 },
    { what: "the average up to a short silence", load: load([90, 60], 10, 90), expected: 10 },
    { what: "four times the silence after that", load: load([500], 10, 500), expected: 2_000 },
    { what: "of the oldest where it came later", load: load([500], 10, 9_999), expected: 2_000 },
    { what: "the average while nothing is in flight", load: load([], 10, 9_999), expected: 10 },
    { what: "a guess while nothing is known", load: load([50], 0), expected: 10 },
    { what: "the deadline at most", load: load([20_000], 10, 20_000), expected: 30_000 },
  ])("is $what", ({ load: given, expected }) => {
    expect(expectedMs(given, NOW_MS, DEADLINE_MS)).toBe(expected);
  });
});

test("an endpoint that answers at once has a pace, however small its average became", () => {
  const tiny = load([0], Number.MIN_VALUE);
  expect(expectedMs(tiny, NOW_MS, DEADLINE_MS)).toBeGreaterThan(0.001);
});

test("a workspace's permits become free at the pace of the last ends, or not at all for as long as it is silent", () => {
  const busy = poolStarted(poolStarted(IDLE_POOL, NOW_MS), NOW_MS + 50);
  expect(releaseGapMs(busy, NOW_MS + 100)).toBe(100);
  const ended = poolEnded(poolEnded(busy, NOW_MS + 100), NOW_MS + 200);
  expect(ended.inFlight).toBe(0);
  expect(releaseGapMs(ended, NOW_MS + 200)).toBeCloseTo(36);
  const again = poolStarted(ended, NOW_MS + 9_000);
  expect(releaseGapMs(again, NOW_MS + 9_000)).toBeCloseTo(36);
  expect(releaseGapMs(again, NOW_MS + 10_000)).toBe(1_000);
});

test("entering and leaving keeps the count, whatever the order, and the average between the extremes", () => {
  const stays = fc.array(fc.tuple(fc.nat(5_000), fc.integer({ min: 1, max: 30_000 })), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(stays, (all) => {
      const steps = all
        .flatMap(([startMs, tookMs]) => [
          { atMs: startMs, run: (now: EndpointLoad) => attemptStarted(now, startMs) },
          {
            atMs: startMs + tookMs,
            run: (now: EndpointLoad) => attemptEnded(now, startMs, startMs + tookMs),
          },
        ])
        .toSorted((a, b) => a.atMs - b.atMs);
      const end = steps.reduce((now, { run }) => run(now), IDLE);
      expect(end.starts).toEqual([]);
      const durations = all.map(([, tookMs]) => tookMs);
      expect(end.serviceMs).toBeGreaterThanOrEqual(Math.min(...durations) - 1e-6);
      expect(end.serviceMs).toBeLessThanOrEqual(Math.max(...durations) + 1e-6);
    }),
  );
});
