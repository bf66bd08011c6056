import { describe, expect, test } from "vitest";
import { futileWaitDelayMs, reserveSlot, type Deferral } from "./slots.ts";

const NOW_MS = 1_000_000;
const MINUTE_MS = 60_000;

const slotOf = (
  nextFreeSlotMs: number,
  {
    nowMs = NOW_MS,
    deferrals = 0,
    ...more
  }: Partial<Deferral & { nowMs: number; deferrals: number }> = {},
) =>
  reserveSlot(
    nextFreeSlotMs,
    { freeAtMs: NOW_MS, slotIntervalMs: 1_000, ...more },
    deferrals,
    nowMs,
  );

describe("slots", () => {
  test("follow each other at their interval, from the first permit that is free on", () => {
    let nextFreeSlotMs = 0;
    const slots = Array.from({ length: 3 }, () => {
      const slot = slotOf(nextFreeSlotMs, { freeAtMs: NOW_MS + 5_000 });
      ({ nextFreeSlotMs } = slot);
      return slot.atMs - NOW_MS;
    });
    expect(slots).toEqual([5_000, 6_000, 7_000]);
  });

  test("are at least a quarter of a second ahead", () => {
    expect(slotOf(0)).toEqual({ atMs: NOW_MS + 250, nextFreeSlotMs: NOW_MS + 1_250 });
  });

  test.each([
    { deferrals: 0, minutes: 2 },
    { deferrals: 1, minutes: 8 },
    { deferrals: 2, minutes: 32 },
    { deferrals: 3, minutes: 60 },
    { deferrals: 1_000_000, minutes: 60 },
  ])("are at most $minutes min ahead after $deferrals deferrals", ({ deferrals, minutes }) => {
    const mostMs = minutes * MINUTE_MS;
    const just = slotOf(NOW_MS + mostMs, { deferrals });
    expect(just.atMs - NOW_MS).toBe(mostMs);
    const beyond = slotOf(NOW_MS + mostMs + 1, { deferrals });
    expect(beyond.atMs - NOW_MS).toBeGreaterThanOrEqual(mostMs / 2);
    expect(beyond.atMs - NOW_MS).toBeLessThanOrEqual(mostMs);
    expect(beyond.nextFreeSlotMs).toBe(NOW_MS + mostMs + 1); // nothing was reserved
  });

  test("are no farther than a guess reaches", () => {
    const slot = slotOf(0, { freeAtMs: NOW_MS + 90_000, recheckAfterMs: 2_000 });
    expect(slot.atMs - NOW_MS).toBeGreaterThanOrEqual(1_000);
    expect(slot.atMs - NOW_MS).toBeLessThanOrEqual(2_000);
  });

  test("beyond all reservations are spread, so that not all come back at once", () => {
    const nextFreeSlotMs = NOW_MS + 10 * MINUTE_MS;
    const slots = Array.from({ length: 100 }, (_, n) => {
      const nowMs = NOW_MS + n;
      return slotOf(nextFreeSlotMs, { nowMs }).atMs - nowMs;
    }).toSorted((a, b) => a - b);
    const gaps = slots.map((slot, n) => slot - (slots[n - 1] ?? slot));
    expect(Math.max(...gaps)).toBeLessThan(2 * (MINUTE_MS / 100) * 1.5);
  });
});

test("a request that queued in vain is deferred for longer each time, half a minute at most", () => {
  expect([0, 1, 2, 7, 8, 1_000].map(futileWaitDelayMs)).toEqual([
    250, 500, 1_000, 32_000, 32_000, 32_000,
  ]);
});
