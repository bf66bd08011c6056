import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { afterUnexpectedError, POSTPONE, postponedForMs, postponeMs } from "./postpone.ts";

const time = fc.integer({ min: 0, max: Date.parse("9990-01-01T00:00:00Z") });

test("a postponed delivery waits 5 s, then twice as long each time, at most 5 min", () => {
  const waits = [0, 1, 2, 3, 4, 5, 6, 7, 100, 1e9].map((n) => postponeMs(n) / 1_000);
  expect(waits).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300, 300]);
});

describe("after an unexpected error", () => {
  const HOUR_MS = 3_600_000;

  test("a delivery is tried for an hour, later each time and once at its end, then dead-lettered", () => {
    const tries: number[] = [];
    let nowMs = 1_000;
    let sinceMs: number | undefined;
    for (let timesPostponed = 0; timesPostponed < 100; timesPostponed += 1) {
      tries.push(nowMs - 1_000);
      const after = afterUnexpectedError({ nowMs, sinceMs, timesPostponed });
      if (after.kind === "dead_letter") break;
      nowMs = after.atMs;
      sinceMs = after.sinceMs;
    }
    expect(tries.slice(0, 5)).toEqual([0, 5_000, 15_000, 35_000, 75_000]);
    expect([tries.length, tries.at(-1)]).toEqual([18, HOUR_MS]);
  });

  test("it is dead-lettered once the time is over, and never before, however often it was postponed", () => {
    fc.assert(
      fc.property(
        time,
        fc.nat({ max: 2 * HOUR_MS }),
        fc.nat(),
        (sinceMs, agoMs, timesPostponed) => {
          const nowMs = sinceMs + agoMs;
          const after = afterUnexpectedError({ nowMs, sinceMs, timesPostponed });
          expect(after.kind).toBe(agoMs >= HOUR_MS ? "dead_letter" : "postpone");
          if (after.kind === "dead_letter") return;
          expect(after.sinceMs).toBe(sinceMs);
          expect(after.atMs).toBeGreaterThan(nowMs);
          expect(after.atMs).toBeLessThanOrEqual(sinceMs + HOUR_MS);
        },
      ),
    );
  });

  test("a clock that was ahead when it began does not make it longer", () => {
    const fault = { nowMs: 1_000, sinceMs: 9_000_000, timesPostponed: 0 };
    expect(afterUnexpectedError(fault)).toEqual({ kind: "postpone", atMs: 6_000, sinceMs: 1_000 });
  });

  test("how long it has waited is the sum of the waits", () => {
    fc.assert(
      fc.property(fc.nat({ max: 200 }), (times) => {
        const waits = Array.from({ length: times }, (_, n) => postponeMs(n));
        expect(postponedForMs(times)).toBe(waits.reduce((sum, ms) => sum + ms, 0));
      }),
    );
    expect(postponedForMs(1e9)).toBeGreaterThan(1e9 * (POSTPONE.maxMs - 1));
  });
});
