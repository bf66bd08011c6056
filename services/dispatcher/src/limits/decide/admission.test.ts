import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  admission,
  dynamicBound,
  entered,
  expectedMs,
  flowGapMs,
  flowIn,
  flowOut,
  IDLE,
  left,
  MAX_IN_LINE_MS,
  NO_FLOW,
  placeFreeAtMs,
  type Load,
  type Wanting,
} from "./admission.ts";

const NOW_MS = 1_000_000;
const DEADLINE_MS = 30_000;

const load = (agesMs: readonly number[], serviceMs: number, sinceEndMs = 0): Load => ({
  starts: agesMs.map((ageMs) => NOW_MS - ageMs),
  serviceMs,
  lastEndMs: NOW_MS - sinceEndMs,
});

const wanting = (parts: Partial<Wanting>): Wanting => ({
  load: IDLE,
  bound: 4,
  usualBound: 4,
  ahead: 0,
  clockMs: 0,
  hasPrecedence: false,
  nowMs: NOW_MS,
  mostMs: DEADLINE_MS,
  ...parts,
});

describe("the dynamic bound", () => {
  test.each([
    { share: 0.5, free: 1_024, bound: 513 },
    { share: 0.5, free: 3, bound: 2 },
    { share: 0.5, free: 2, bound: 2 },
    { share: 0.5, free: 1, bound: 1 }, // the last place is for one that has none
    { share: 0.5, free: 0, bound: 1 },
    { share: 0.5, free: -5, bound: 1 },
    { share: 1, free: 7, bound: 8 },
  ])("is $bound with a share of $share of $free free places", ({ share, free, bound }) => {
    expect(dynamicBound(share, free)).toBe(bound);
  });
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

describe("a place is expected to be free", () => {
  const busy = load([900, 600, 300, 0], 1_000);
  test.each([
    { what: "now, where there is one", load: load([900], 1_000), bound: 4, nth: 3, inMs: 0 },
    { what: "when the oldest ends", load: busy, bound: 4, nth: 1, inMs: 100 },
    { what: "when the third ends", load: busy, bound: 4, nth: 3, inMs: 700 },
    { what: "a service time later for the next round", load: busy, bound: 4, nth: 5, inMs: 1_100 },
    { what: "later where the bound fell", load: busy, bound: 2, nth: 1, inMs: 700 },
    {
      what: "now, where the oldest is overdue",
      load: load([1_500], 1_000),
      bound: 1,
      nth: 1,
      inMs: 0,
    },
    {
      what: "after those who go first",
      load: load([500], 1_000),
      bound: 2,
      nth: 3,
      inMs: 1_000,
    },
  ])("$what", ({ load: given, bound, nth, inMs }) => {
    expect(placeFreeAtMs(given, bound, nth, NOW_MS, DEADLINE_MS) - NOW_MS).toBe(inMs);
  });
});

describe("an endpoint", () => {
  const full = load([15, 10, 5, 0], 20);
  const slow = load([15_000, 10_000, 5_000, 0], 20_000);

  test("that has room admits at once", () => {
    expect(admission(wanting({ load: load([15, 10, 5], 20) })).kind).toBe("go");
  });

  test("that is full and fast lets those wait who soon have their turn", () => {
    expect(admission(wanting({ load: full })).kind).toBe("line");
    expect(admission(wanting({ load: full, ahead: 90 })).kind).toBe("line");
    expect(admission(wanting({ load: full, ahead: 110 })).kind).toBe("later");
  });

  test("that is full and slow sends away, at the pace at which nine tenths of its places come free", () => {
    expect(admission(wanting({ load: slow }))).toEqual({
      kind: "later",
      freeAtMs: NOW_MS + 5_000,
      paceMs: 20_000 / (4 * 0.9),
      guessedForMs: undefined,
    });
  });

  test("lets nobody overtake those in line", () => {
    expect(admission(wanting({ load: load([15], 20), ahead: 1 })).kind).toBe("line");
  });

  test("keeps its last places for those who were promised a slot, unless half of them are free", () => {
    const clockMs = NOW_MS + 60_000;
    const promising = { load: load([15_000, 10_000], 20_000), clockMs };
    expect(admission(wanting(promising)).kind).toBe("later");
    expect(admission(wanting({ ...promising, hasPrecedence: true })).kind).toBe("go");
    const halfEmpty = { ...promising, load: load([15_000], 20_000) };
    expect(admission(wanting(halfEmpty)).kind).toBe("go");
  });

  test("that has become silent says so, and for how long to wait before more is known", () => {
    const silent = load([1_500, 1_490, 1_480, 1_470], 20, 1_500);
    const { kind, ...later } = admission(wanting({ load: silent }));
    expect({ kind, ...later }).toMatchObject({ kind: "later", guessedForMs: 12_000 });
  });
});

test("a workspace's places come free at the pace of the last ends, or not at all for as long as it is silent", () => {
  const busy = flowIn(flowIn(NO_FLOW, NOW_MS), NOW_MS + 50);
  expect(flowGapMs(busy, NOW_MS + 100)).toBe(100);
  const ended = flowOut(flowOut(busy, NOW_MS + 100), NOW_MS + 200);
  expect(ended.inFlight).toBe(0);
  expect(flowGapMs(ended, NOW_MS + 200)).toBeCloseTo(36);
  const again = flowIn(ended, NOW_MS + 9_000);
  expect(flowGapMs(again, NOW_MS + 9_000)).toBeCloseTo(36);
  expect(flowGapMs(again, NOW_MS + 10_000)).toBe(1_000);
});

describe("whatever comes", () => {
  const anyLoad = fc.record({
    starts: fc
      .array(fc.integer({ min: NOW_MS - 40_000, max: NOW_MS }), { maxLength: 80 })
      .map((starts) => starts.toSorted((a, b) => a - b)),
    serviceMs: fc.double({ min: 0, max: 40_000, noNaN: true }),
    lastEndMs: fc.integer({ min: NOW_MS - 100_000, max: NOW_MS }),
  });
  const anyWanting = fc.record({
    load: anyLoad,
    bound: fc.integer({ min: 1, max: 64 }),
    usualBound: fc.integer({ min: 1, max: 64 }),
    ahead: fc.nat(600),
    clockMs: fc.integer({ min: 0, max: NOW_MS + 1_000_000 }),
    hasPrecedence: fc.boolean(),
    nowMs: fc.constant(NOW_MS),
    mostMs: fc.constant(DEADLINE_MS),
  });

  test("nobody goes beyond the bound, and a newcomer goes where there is nobody else", () => {
    fc.assert(
      fc.property(anyWanting, (one) => {
        const isFull = one.load.starts.length >= one.bound;
        expect(isFull && admission(one).kind === "go").toBe(false);
        const alone = { ...one, load: IDLE, ahead: 0, clockMs: 0 };
        expect(admission(alone).kind).toBe("go");
      }),
    );
  });

  test("who is sent away has a time that is not past and a pace that is positive", () => {
    fc.assert(
      fc.property(anyWanting, (one) => {
        const admitted = admission(one);
        if (admitted.kind !== "later") return;
        expect(admitted.freeAtMs).toBeGreaterThanOrEqual(NOW_MS);
        expect(admitted.paceMs).toBeGreaterThan(0);
        expect(admitted.paceMs).toBeLessThanOrEqual(DEADLINE_MS / 0.9);
      }),
    );
  });

  test("an endpoint that answers at once has a pace, however small its average became", () => {
    const tiny = load([0], Number.MIN_VALUE);
    expect(expectedMs(tiny, NOW_MS, DEADLINE_MS)).toBeGreaterThan(0.001);
  });

  test("nobody is let into a line for longer than its maximum", () => {
    fc.assert(
      fc.property(anyWanting, (one) => {
        if (admission(one).kind !== "line") return;
        const { load: given, bound, ahead } = one;
        const freeAtMs = placeFreeAtMs(given, bound, ahead + 1, NOW_MS, DEADLINE_MS);
        expect(freeAtMs - NOW_MS).toBeLessThanOrEqual(MAX_IN_LINE_MS);
      }),
    );
  });

  test("later ones in line get their place later, or at the same time", () => {
    fc.assert(
      fc.property(anyLoad, fc.integer({ min: 1, max: 64 }), fc.nat(200), (given, bound, nth) => {
        const atMs = (n: number): number => placeFreeAtMs(given, bound, n, NOW_MS, DEADLINE_MS);
        // Sums of fractions differ in their last digit.
        expect(atMs(nth + 2) + 1e-6).toBeGreaterThanOrEqual(atMs(nth + 1));
      }),
    );
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
            { atMs: startMs, run: (now: Load) => entered(now, startMs) },
            {
              atMs: startMs + tookMs,
              run: (now: Load) => left(now, startMs, startMs + tookMs),
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
});
