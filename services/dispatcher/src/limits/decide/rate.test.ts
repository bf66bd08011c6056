import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { conformsFromMs, tatAfter, type Rate } from "./rate.ts";
import { reserveSlot } from "./slots.ts";

const NOW_MS = 1_000_000;

describe("a rate", () => {
  test("lets its burst through at once, and then one after the other", () => {
    const rate = { perSecond: 4, burst: 3 };
    let tatMs = 0;
    const times = Array.from({ length: 6 }, () => {
      const atMs = Math.max(NOW_MS, conformsFromMs(tatMs, rate));
      tatMs = tatAfter(tatMs, rate, atMs);
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

  test("starves nobody: who comes in a slot that was reserved waits for a millisecond at most, as slots are whole ones", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 200 }),
        (perSecond, burst, waiting) => {
          const rate = { perSecond, burst };
          const slotIntervalMs = 1_000 / perSecond;
          let tatMs = 0;
          let nextFreeSlotMs = 0;
          for (let n = 0; n < burst; n += 1) tatMs = tatAfter(tatMs, rate, NOW_MS);
          const slots = Array.from({ length: waiting }, () => {
            const freeAtMs = conformsFromMs(tatMs, rate);
            const slot = reserveSlot(nextFreeSlotMs, { freeAtMs, slotIntervalMs }, 9, NOW_MS);
            ({ nextFreeSlotMs } = slot);
            return slot.atMs;
          });
          for (const atMs of slots) {
            expect(conformsFromMs(tatMs, rate)).toBeLessThanOrEqual(atMs + 1);
            tatMs = tatAfter(tatMs, rate, atMs);
          }
        },
      ),
    );
  });
});

/** When those who come at `times` go, where the ones that do not conform are sent away for good. */
const letThrough = (rate: Rate, times: readonly number[]): readonly number[] => {
  let tatMs = 0;
  return times.filter((atMs) => {
    if (conformsFromMs(tatMs, rate) > atMs) return false;
    tatMs = tatAfter(tatMs, rate, atMs);
    return true;
  });
};
