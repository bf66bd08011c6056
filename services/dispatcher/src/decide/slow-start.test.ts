import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SendResult } from "./outcome.ts";
import {
  conditionOf,
  isOutage,
  OPEN_WINDOW,
  OUTAGE_AFTER_FAILURES,
  WINDOW_IN_OUTAGE,
  windowAfter,
  type Condition,
  type Window,
} from "./slow-start.ts";

const MOST = 64;

const after = (window: Window, condition: Condition, times: number): Window =>
  Array.from({ length: times }).reduce<Window>((now) => windowAfter(now, condition, MOST), window);

const response = (code: number): SendResult => ({
  kind: "response",
  status: code,
  headers: {},
  bodyText: "",
  durationMs: 1,
});

describe("an endpoint", () => {
  test.each([200, 204, 301, 400, 404, 410, 422])("that answers %i is well", (code) => {
    expect(conditionOf(response(code))).toBe("well");
  });

  test.each([429, 502, 503, 504])("that answers %i is failing", (code) => {
    expect(conditionOf(response(code))).toBe("failing");
  });

  test("that does not answer is failing, and a plain 500 or a fault of our own says nothing", () => {
    const none = { kind: "no_response", reason: "timeout", detail: "x" } as const;
    expect(conditionOf({ ...none, unreachable: false, durationMs: 1 })).toBe("failing");
    expect(conditionOf(response(500))).toBe("unknown");
    const own = { kind: "own_fault", fault: "resources", detail: "x" } as const;
    expect(conditionOf(own)).toBe("unknown");
  });

  test("that fails now and then keeps its window", () => {
    expect(after(OPEN_WINDOW, "failing", OUTAGE_AFTER_FAILURES - 1).size).toBe(Infinity);
    expect(windowAfter(OPEN_WINDOW, "unknown", MOST)).toBe(OPEN_WINDOW);
  });

  test("that failed eight times in a row has an outage, and few attempts at once", () => {
    const out = after({ size: 64, failuresInRow: 0 }, "failing", OUTAGE_AFTER_FAILURES);
    expect(isOutage(out)).toBe(true);
    expect(out.size).toBe(WINDOW_IN_OUTAGE);
    expect(after(out, "failing", 100).size).toBe(WINDOW_IN_OUTAGE);
  });

  test("that comes back has its window doubled by each round that succeeds", () => {
    let window = after(OPEN_WINDOW, "failing", 20);
    const sizes = Array.from({ length: 6 }, () => {
      window = after(window, "well", window.size);
      return window.size;
    });
    expect(sizes).toEqual([16, 32, 64, 64, 64, 64]);
    expect(isOutage(window)).toBe(false);
  });

  test("never has a window below the least or above the most, whatever comes", () => {
    const conditions = fc.array(fc.constantFrom<Condition>("well", "failing", "unknown"));
    fc.assert(
      fc.property(conditions, (all) => {
        const end = all.reduce((now, one) => windowAfter(now, one, MOST), OPEN_WINDOW);
        expect(end.size).toBeGreaterThanOrEqual(WINDOW_IN_OUTAGE);
        expect(end.size <= MOST || end.size === Infinity).toBe(true);
      }),
    );
  });

  test("whose maximum is smaller than the least window has that maximum", () => {
    expect(windowAfter({ size: 2, failuresInRow: 9 }, "well", 2).size).toBe(2);
    expect(windowAfter({ size: 2, failuresInRow: 9 }, "failing", 2).size).toBe(2);
  });
});
