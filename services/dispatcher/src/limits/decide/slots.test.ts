import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { clockAfter, conformsFromMs, slotOf, waitedInVainMs, type Rate } from "./slots.ts";

const NOW_MS = 1_000_000;
const MINUTE_MS = 60_000;
const homeless = { nowMs: NOW_MS, deferrals: 0, freeAtMs: NOW_MS, paceMs: 1_000 };

describe("a rate", () => {
  test("lets its burst through at once, and then one after the other", () => {
    const rate = { perSecond: 4, burst: 3 };
    let fullMs = 0;
    const times = Array.from({ length: 6 }, () => {
      const atMs = Math.max(NOW_MS, conformsFromMs(fullMs, rate));
      fullMs = clockAfter(fullMs, rate, atMs);
      return atMs - NOW_MS;
    });
    expect(times).toEqual([0, 0, 0, 250, 500, 750]);
  });

  test("is held over any window, whenever they come", () => {
    const anyRate = fc.record({
      perSecond: fc.integer({ min: 1, max: 100 }),
      burst: fc.integer({ min: 1, max: 20 }),
    });
    const comings = fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(anyRate, comings, fc.integer({ min: 1, max: 5_000 }), (rate, times, windowMs) => {
        const went = letThrough(
          rate,
          times.toSorted((a, b) => a - b),
        );
        for (const fromMs of went) {
          const inWindow = went.filter((atMs) => atMs >= fromMs && atMs < fromMs + windowMs).length;
          const most = rate.burst + (windowMs / 1_000) * rate.perSecond;
          expect(inWindow).toBeLessThanOrEqual(Math.ceil(most));
        }
      }),
    );
  });

  test("starves nobody: who comes in a slot that was promised waits for a millisecond at most, as slots are whole ones", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 200 }),
        (perSecond, burst, waiting) => {
          const rate = { perSecond, burst };
          const paceMs = 1_000 / perSecond;
          let fullMs = 0;
          let clockMs = 0;
          for (let n = 0; n < burst; n += 1) fullMs = clockAfter(fullMs, rate, NOW_MS);
          const slots = Array.from({ length: waiting }, () => {
            const freeAtMs = conformsFromMs(fullMs, rate);
            const slot = slotOf(clockMs, { ...homeless, freeAtMs, paceMs, deferrals: 9 });
            ({ clockMs } = slot);
            return slot.atMs;
          });
          for (const atMs of slots) {
            expect(conformsFromMs(fullMs, rate)).toBeLessThanOrEqual(atMs + 1);
            fullMs = clockAfter(fullMs, rate, atMs);
          }
        },
      ),
    );
  });
});

/** When those who come at `times` go, where the ones that do not conform are sent away for good. */
const letThrough = (rate: Rate, times: readonly number[]): readonly number[] => {
  let fullMs = 0;
  return times.filter((atMs) => {
    if (conformsFromMs(fullMs, rate) > atMs) return false;
    fullMs = clockAfter(fullMs, rate, atMs);
    return true;
  });
};

describe("slots", () => {
  test("follow each other at the pace, from the first place that is free on", () => {
    let clockMs = 0;
    const slots = Array.from({ length: 3 }, () => {
      const slot = slotOf(clockMs, { ...homeless, freeAtMs: NOW_MS + 5_000 });
      ({ clockMs } = slot);
      return slot.atMs - NOW_MS;
    });
    expect(slots).toEqual([5_000, 6_000, 7_000]);
  });

  test("are at least a quarter of a second ahead", () => {
    expect(slotOf(0, homeless)).toEqual({ atMs: NOW_MS + 250, clockMs: NOW_MS + 1_250 });
  });

  test.each([
    { deferrals: 0, minutes: 2 },
    { deferrals: 1, minutes: 8 },
    { deferrals: 2, minutes: 32 },
    { deferrals: 3, minutes: 60 },
    { deferrals: 1_000_000, minutes: 60 },
  ])("are at most $minutes min ahead after $deferrals deferrals", ({ deferrals, minutes }) => {
    const mostMs = minutes * MINUTE_MS;
    const just = slotOf(NOW_MS + mostMs, { ...homeless, deferrals });
    expect(just.atMs - NOW_MS).toBe(mostMs);
    const beyond = slotOf(NOW_MS + mostMs + 1, { ...homeless, deferrals });
    expect(beyond.atMs - NOW_MS).toBeGreaterThanOrEqual(mostMs / 2);
    expect(beyond.atMs - NOW_MS).toBeLessThanOrEqual(mostMs);
    expect(beyond.clockMs).toBe(NOW_MS + mostMs + 1); // nothing was promised
  });

  test("are no farther than a guess reaches", () => {
    const slot = slotOf(0, { ...homeless, freeAtMs: NOW_MS + 90_000, guessedForMs: 2_000 });
    expect(slot.atMs - NOW_MS).toBeGreaterThanOrEqual(1_000);
    expect(slot.atMs - NOW_MS).toBeLessThanOrEqual(2_000);
  });

  test("beyond all promises are spread, so that not all come back at once", () => {
    const clockMs = NOW_MS + 10 * MINUTE_MS;
    const slots = Array.from({ length: 100 }, (_, n) => {
      const nowMs = NOW_MS + n;
      return slotOf(clockMs, { ...homeless, nowMs }).atMs - nowMs;
    }).toSorted((a, b) => a - b);
    const gaps = slots.map((slot, n) => slot - (slots[n - 1] ?? slot));
    expect(Math.max(...gaps)).toBeLessThan(2 * (MINUTE_MS / 100) * 1.5);
  });
});

test("who stood in line in vain waits longer each time, half a minute at most", () => {
  expect([0, 1, 2, 7, 8, 1_000].map(waitedInVainMs)).toEqual([
    250, 500, 1_000, 32_000, 32_000, 32_000,
  ]);
});
