import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  admission,
  MAX_QUEUED_MS,
  permitFreeAtMs,
  type AdmissionRequest,
  type SlotState,
} from "./admission.ts";
import { IDLE, type EndpointLoad } from "./load.ts";

const NOW_MS = 1_000_000;
const DEADLINE_MS = 30_000;

const load = (agesMs: readonly number[], serviceMs: number, sinceEndMs = 0): EndpointLoad => ({
  starts: agesMs.map((ageMs) => NOW_MS - ageMs),
  serviceMs,
  lastEndMs: NOW_MS - sinceEndMs,
});

type AdmissionInput = SlotState &
  AdmissionRequest & { readonly bound: number; readonly expectedBound: number };

const admit = (one: AdmissionInput) => admission(one, one.bound, one.expectedBound, one);

const input = (parts: Partial<AdmissionInput>): AdmissionInput => ({
  load: IDLE,
  bound: 4,
  expectedBound: 4,
  ahead: 0,
  nextFreeSlotMs: 0,
  hasPrecedence: false,
  nowMs: NOW_MS,
  timeoutMs: DEADLINE_MS,
  ...parts,
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
    expect(
      permitFreeAtMs({ load: given, bound, nowMs: NOW_MS, timeoutMs: DEADLINE_MS }, nth) - NOW_MS,
    ).toBe(inMs);
  });
});

describe("an endpoint", () => {
  const full = load([15, 10, 5, 0], 20);
  const slow = load([15_000, 10_000, 5_000, 0], 20_000);

  test("that has room admits at once", () => {
    expect(admit(input({ load: load([15, 10, 5], 20) })).kind).toBe("grant");
  });

  test("that is full and fast lets those wait who soon have their turn", () => {
    expect(admit(input({ load: full })).kind).toBe("queue");
    expect(admit(input({ load: full, ahead: 90 })).kind).toBe("queue");
    expect(admit(input({ load: full, ahead: 110 })).kind).toBe("defer");
  });

  test("that is full and slow sends away, at the pace at which nine tenths of its places come free", () => {
    expect(admit(input({ load: slow }))).toEqual({
      kind: "defer",
      freeAtMs: NOW_MS + 5_000,
      slotIntervalMs: 20_000 / (4 * 0.9),
      recheckAfterMs: undefined,
    });
  });

  test("lets nobody overtake those in line", () => {
    expect(admit(input({ load: load([15], 20), ahead: 1 })).kind).toBe("queue");
  });

  test("keeps its last places for those who were promised a slot, unless half of them are free", () => {
    const nextFreeSlotMs = NOW_MS + 60_000;
    const reserving = { load: load([15_000, 10_000], 20_000), nextFreeSlotMs };
    expect(admit(input(reserving)).kind).toBe("defer");
    expect(admit(input({ ...reserving, hasPrecedence: true })).kind).toBe("grant");
    const halfEmpty = { ...reserving, load: load([15_000], 20_000) };
    expect(admit(input(halfEmpty)).kind).toBe("grant");
  });

  test("that has become silent says so, and for how long to wait before more is known", () => {
    const silent = load([1_500, 1_490, 1_480, 1_470], 20, 1_500);
    const { kind, ...deferral } = admit(input({ load: silent }));
    expect({ kind, ...deferral }).toMatchObject({ kind: "defer", recheckAfterMs: 12_000 });
  });
});

describe("whatever comes", () => {
  const anyLoad = fc.record({
    starts: fc
      .array(fc.integer({ min: NOW_MS - 40_000, max: NOW_MS }), { maxLength: 80 })
      .map((starts) => starts.toSorted((a, b) => a - b)),
    serviceMs: fc.double({ min: 0, max: 40_000, noNaN: true }),
    lastEndMs: fc.integer({ min: NOW_MS - 100_000, max: NOW_MS }),
  });
  const anyAdmissionInput = fc.record({
    load: anyLoad,
    bound: fc.integer({ min: 1, max: 64 }),
    expectedBound: fc.integer({ min: 1, max: 64 }),
    ahead: fc.nat(600),
    nextFreeSlotMs: fc.integer({ min: 0, max: NOW_MS + 1_000_000 }),
    hasPrecedence: fc.boolean(),
    nowMs: fc.constant(NOW_MS),
    timeoutMs: fc.constant(DEADLINE_MS),
  });

  test("nobody goes beyond the bound, and a newcomer goes where there is nobody else", () => {
    fc.assert(
      fc.property(anyAdmissionInput, (one) => {
        const isFull = one.load.starts.length >= one.bound;
        expect(isFull && admit(one).kind === "grant").toBe(false);
        const alone = { ...one, load: IDLE, ahead: 0, nextFreeSlotMs: 0 };
        expect(admit(alone).kind).toBe("grant");
      }),
    );
  });

  test("who is sent away has a time that is not past and a pace that is positive", () => {
    fc.assert(
      fc.property(anyAdmissionInput, (one) => {
        const admitted = admit(one);
        if (admitted.kind !== "defer") return;
        expect(admitted.freeAtMs).toBeGreaterThanOrEqual(NOW_MS);
        expect(admitted.slotIntervalMs).toBeGreaterThan(0);
        expect(admitted.slotIntervalMs).toBeLessThanOrEqual(DEADLINE_MS / 0.9);
      }),
    );
  });

  test("nobody is let into a line for longer than its maximum", () => {
    fc.assert(
      fc.property(anyAdmissionInput, (one) => {
        if (admit(one).kind !== "queue") return;
        const { load: given, bound, ahead } = one;
        const freeAtMs = permitFreeAtMs(
          { load: given, bound, nowMs: NOW_MS, timeoutMs: DEADLINE_MS },
          ahead + 1,
        );
        expect(freeAtMs - NOW_MS).toBeLessThanOrEqual(MAX_QUEUED_MS);
      }),
    );
  });

  test("later ones in line get their place later, or at the same time", () => {
    fc.assert(
      fc.property(anyLoad, fc.integer({ min: 1, max: 64 }), fc.nat(200), (given, bound, nth) => {
        const atMs = (n: number): number =>
          permitFreeAtMs({ load: given, bound, nowMs: NOW_MS, timeoutMs: DEADLINE_MS }, n);
        // Sums of fractions differ in their last digit.
        expect(atMs(nth + 2) + 1e-6).toBeGreaterThanOrEqual(atMs(nth + 1));
      }),
    );
  });
});
