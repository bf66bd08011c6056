import { describe, expect, test } from "vitest";
import type { Signal } from "./congestion-window.ts";
import {
  isMajorityFailing,
  REACHABLE,
  originWindowAfter,
  withRecent,
  type OriginWindow,
  type RecentDestinations,
} from "./origin-window.ts";

const after = (window: OriginWindow, signal: Signal, times: number): OriginWindow =>
  Array.from({ length: times }).reduce<OriginWindow>(
    (now) => originWindowAfter(now, signal),
    window,
  );

const recentOf = (failing: number, well: number): RecentDestinations => {
  const names = Array.from({ length: failing + well }, (_, n) => n);
  return names.reduce<RecentDestinations>(
    (recent, n) => withRecent(recent, `to-${n}`, n < failing),
    new Map(),
  );
};

describe("an origin", () => {
  test("that could not be reached eight times in a row is asked by one attempt at a time", () => {
    expect(after(REACHABLE, "failure", 7).size).toBe(Infinity);
    expect(after(REACHABLE, "failure", 8).size).toBe(1);
    expect(after(after(REACHABLE, "failure", 20), "neutral", 5).size).toBe(1);
  });

  test("one of whose destinations answers between the failures of others is not slowed", () => {
    let window = REACHABLE;
    for (let n = 0; n < 50; n += 1) window = after(after(window, "failure", 7), "success", 1);
    expect(window).toBe(REACHABLE);
  });

  test("that is back is met in steps, and with all that there is after a few rounds", () => {
    const back = after(after(REACHABLE, "failure", 8), "success", 1);
    expect(back.size).toBe(8);
    expect(after(back, "success", 8).size).toBe(16);
    expect(after(back, "success", 56)).toBe(REACHABLE);
  });

  test.each([
    { failing: 16, well: 0, most: true },
    { failing: 15, well: 1, most: true },
    { failing: 14, well: 2, most: false },
    { failing: 8, well: 0, most: true },
    { failing: 7, well: 0, most: false },
    { failing: 30, well: 70, most: false },
  ])("of whose destinations $failing fail and $well do not: most fail is $most", (given) => {
    expect(isMajorityFailing(recentOf(given.failing, given.well))).toBe(given.most);
  });

  test("is known by the destinations that were used last", () => {
    const recent = recentOf(0, 100);
    expect(recent.size).toBe(16);
    expect(withRecent(recent, "to-99", true).get("to-99")).toBe(true);
    expect(withRecent(recent, "to-90", true).size).toBe(16);
  });
});
