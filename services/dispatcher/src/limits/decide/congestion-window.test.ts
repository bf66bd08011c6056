import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  isOutage,
  NEW_WINDOW,
  OUTAGE_AFTER_FAILURES,
  WINDOW_IN_OUTAGE,
  windowAfter,
  type CongestionWindow,
  type AttemptEnd,
  type Signal,
} from "./congestion-window.ts";

const after = (
  window: CongestionWindow,
  times: number,
  ended: Partial<AttemptEnd>,
): CongestionWindow =>
  Array.from({ length: times }).reduce<CongestionWindow>(
    (now) =>
      windowAfter(now, {
        signal: "success",
        tookMs: 100,
        inFlight: Math.floor(now.size),
        ...ended,
      }),
    window,
  );

describe("a destination", () => {
  test("that answers has its window doubled by each round that uses it", () => {
    let window = after(NEW_WINDOW, 20, { signal: "failure" });
    const sizes = [8, 16, 32, 64, 128].map((round) => {
      window = after(window, round, { inFlight: round });
      return window.size;
    });
    expect(sizes).toEqual([16, 32, 64, 128, 256]);
    expect(isOutage(window)).toBe(false);
  });

  test.each([500, 2_000, 10_000])(
    "that takes %i ms each time grows as one that is fast",
    (tookMs) => {
      expect(after(NEW_WINDOW, 192, { tookMs }).size).toBe(384);
    },
  );

  test("that uses little of its window keeps it as it is", () => {
    expect(after(NEW_WINDOW, 1_000, { inFlight: 3 }).size).toBe(NEW_WINDOW.size);
  });

  test("that becomes slower with what is added grows no further, and loses nothing", () => {
    const known = after(NEW_WINDOW, 10, { tookMs: 100 });
    const slower = after(known, 20, { tookMs: 250 }); // until that is no chance
    expect(slower.size).toBeLessThan(known.size + 10);
    expect(after(slower, 100, { tookMs: 250 }).size).toBe(slower.size);
  });

  test("that has become slower for good grows again after some rounds", () => {
    const known = after(after(NEW_WINDOW, 10, { tookMs: 100 }), 20, { tookMs: 300 });
    expect(after(known, 5 * known.size, { tookMs: 300 }).size).toBe(known.size);
    expect(after(known, 12 * known.size, { tookMs: 300 }).size).toBeGreaterThan(2 * known.size);
  });

  test("that fails at once and then takes its time grows as one that never failed", () => {
    const out = after(NEW_WINDOW, 24, { signal: "failure", tookMs: 2 });
    expect(after(out, 120, { tookMs: 500 }).size).toBe(128);
  });

  test("whose first success was quick by chance is soon met with more", () => {
    const out = after(NEW_WINDOW, 24, { signal: "failure" });
    const back = after(out, 1, { tookMs: 5 });
    expect(after(back, 1_000, { tookMs: 500 }).size).toBeGreaterThan(64);
  });

  test("that has become faster is soon known as such", () => {
    const known = after(NEW_WINDOW, 1, { tookMs: 2_000 });
    expect(after(known, 60, { tookMs: 100 }).baseMs).toBeLessThan(250);
  });

  test("that fails now and then has less, and that failed eight times in a row has an outage", () => {
    const once = after(NEW_WINDOW, 1, { signal: "failure" });
    expect([once.size, isOutage(once)]).toEqual([172, false]);
    const out = after(NEW_WINDOW, OUTAGE_AFTER_FAILURES, { signal: "failure" });
    expect([out.size, isOutage(out)]).toEqual([WINDOW_IN_OUTAGE, true]);
    expect(after(out, 100, { signal: "failure" }).size).toBe(WINDOW_IN_OUTAGE);
  });

  test("of which one answer in a hundred fails still grows", () => {
    let window = NEW_WINDOW;
    for (let n = 0; n < 20; n += 1) {
      window = after(after(window, 99, {}), 1, { signal: "failure" });
    }
    expect(window.size).toBeGreaterThan(4 * NEW_WINDOW.size);
  });

  test("is not known by what says nothing of it", () => {
    expect(windowAfter(NEW_WINDOW, { signal: "neutral", tookMs: 1, inFlight: 9 })).toBe(NEW_WINDOW);
  });

  test("never has a window below the least, whatever comes", () => {
    const ended = fc.record({
      signal: fc.constantFrom<Signal>("success", "failure", "neutral"),
      tookMs: fc.double({ min: 0.01, max: 60_000, noNaN: true }),
      inFlight: fc.integer({ min: 1, max: 4_096 }),
    });
    fc.assert(
      fc.property(fc.array(ended), (all) => {
        const end = all.reduce(windowAfter, NEW_WINDOW);
        expect(end.size).toBeGreaterThanOrEqual(WINDOW_IN_OUTAGE);
        expect(end.size).toBeLessThanOrEqual(NEW_WINDOW.size + all.length);
      }),
    );
  });
});
