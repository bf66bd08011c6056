import { DEFERRED_FOR } from "@ringback/contracts/deliveries/retry-message";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { firstAttempts, type DeferredFirst } from "./first-attempts.ts";

const NOTHING = { waiting: 0, late: 0, oldestAtMs: undefined };
const SECOND_MS = 1_000;

const busy = (storedMs: number, dueMs: number): DeferredFirst => ({
  reason: "endpoint_busy",
  storedMs,
  dueMs,
});

describe("deliveries that were never attempted", () => {
  test("are not known before the whole stream was read, nor when it was not read for long", () => {
    const counted = firstAttempts();
    counted.add(busy(0, 600_000), 0);
    expect(counted.counts(0)).toBeUndefined();
    counted.complete(0);
    expect(counted.counts(60_000)?.get("endpoint_busy")?.waiting).toBe(1);
    expect(counted.counts(60_001)).toBeUndefined();
  });

  test("are new once, whatever of the stream is read again", () => {
    const { isNew } = firstAttempts();
    expect([3, 7, 3, 7, 8].map(isNew)).toEqual([true, true, false, false, true]);
  });

  test("become late after 5 s, and wait until they are due", () => {
    const counted = firstAttempts();
    counted.add(busy(1_000, 20_000), 2_000);
    counted.add({ ...busy(0, 9_000), reason: "paused" }, 2_000);
    const at = (nowMs: number) => {
      counted.complete(nowMs);
      const found = counted.counts(nowMs);
      return ["endpoint_busy", "paused"].map((one) => found?.get(one as "paused"));
    };
    const waits = { waiting: 1, late: 0, oldestAtMs: 1_000 };
    expect(at(2_000)).toEqual([waits, { waiting: 1, late: 0, oldestAtMs: 0 }]);
    expect(at(6_001)).toEqual([
      { ...waits, late: 1 },
      { waiting: 1, late: 1, oldestAtMs: 0 },
    ]);
    expect(at(9_000)).toEqual([{ ...waits, late: 1 }, NOTHING]);
    expect(at(20_000)).toEqual([NOTHING, NOTHING]);
  });

  test("are counted like one by one, whenever they come and whenever somebody looks", () => {
    const first = fc.record({
      reason: fc.constantFrom(...DEFERRED_FOR),
      // Whole seconds, as that is how exactly they are counted.
      storedMs: fc.nat(20).map((s) => s * SECOND_MS),
      dueMs: fc.nat(40).map((s) => s * SECOND_MS),
      addedMs: fc.nat(20).map((s) => s * SECOND_MS),
    });
    fc.assert(
      fc.property(fc.array(first, { maxLength: 30 }), fc.array(fc.nat(40)), (all, looks) => {
        const counted = firstAttempts();
        const times = [...new Set([...all.map(({ addedMs }) => addedMs), 41_000])];
        for (const nowMs of times.toSorted((a, b) => a - b)) {
          for (const one of all.filter(({ addedMs }) => addedMs === nowMs)) counted.add(one, nowMs);
          counted.complete(nowMs);
          for (const look of looks.slice(0, 1)) {
            const atMs = nowMs + look;
            const waiting = all.filter((one) => one.addedMs <= nowMs && one.dueMs > atMs);
            const late = waiting.filter(({ storedMs }) => atMs - storedMs > 5_000);
            const found = [...(counted.counts(atMs)?.values() ?? [])];
            expect(found.reduce((sum, one) => sum + one.waiting, 0)).toBe(waiting.length);
            expect(found.reduce((sum, one) => sum + one.late, 0)).toBe(late.length);
          }
        }
      }),
    );
  });
});
