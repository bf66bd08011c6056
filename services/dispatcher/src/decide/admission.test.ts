import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  admit,
  deferred,
  type EndpointLoad,
  IDLE_ENDPOINT,
  isIdle,
  MAX_IN_LINE_MS,
  released,
} from "./admission.ts";

const NOW_MS = 1_000_000;

const load = (parts: Partial<EndpointLoad>): EndpointLoad => ({ ...IDLE_ENDPOINT, ...parts });
const asking = { limit: 4, nowMs: NOW_MS, isReturning: false };

const anyLoad = fc.record({
  inFlight: fc.nat({ max: 200 }),
  inLine: fc.nat({ max: 4_000 }),
  serviceMs: fc.double({ min: 0, max: 40_000, noNaN: true }),
  lastSlotMs: fc.integer({ min: NOW_MS - 100_000, max: NOW_MS + 1_000_000 }),
});
const anyAsking = fc.record({
  limit: fc.integer({ min: 1, max: 100 }),
  nowMs: fc.constant(NOW_MS),
  isReturning: fc.boolean(),
});

describe("an endpoint", () => {
  test("that has room admits at once", () => {
    expect(admit(load({ inFlight: 3 }), asking)).toMatchObject({
      kind: "admitted",
      load: { inFlight: 4 },
    });
  });

  test("that is full and fast lets a burst wait in line", () => {
    expect(admit(load({ inFlight: 4, serviceMs: 30 }), asking)).toMatchObject({
      kind: "in_line",
      load: { inFlight: 4, inLine: 1 },
    });
  });

  test("that is full and slow sends away at once", () => {
    expect(admit(load({ inFlight: 4, serviceMs: 30_000 }), asking)).toMatchObject({
      kind: "deferred",
    });
  });

  test("whose line is full sends away those who come for the first time, not those who return", () => {
    const full = load({ inFlight: 4, inLine: 64, serviceMs: 1 });
    expect(admit(full, asking).kind).toBe("deferred");
    expect(admit(full, { ...asking, isReturning: true }).kind).toBe("in_line");
    expect(admit({ ...full, inLine: 128 }, { ...asking, isReturning: true }).kind).toBe("deferred");
  });

  test("promises slots one behind the other, at the pace at which it answers", () => {
    const slow = load({ inFlight: 4, serviceMs: 8_000 });
    const first = deferred(slow, asking);
    const second = deferred(first.load, asking);
    const third = deferred(second.load, asking);
    expect([first, second, third].map(({ atMs }) => atMs - NOW_MS)).toEqual([2_000, 4_000, 6_000]);
  });

  test("is forgotten once nothing is in flight, in line or promised", () => {
    expect(isIdle(IDLE_ENDPOINT, NOW_MS)).toBe(true);
    expect(isIdle(load({ inFlight: 1 }), NOW_MS)).toBe(false);
    expect(isIdle(load({ inLine: 1 }), NOW_MS)).toBe(false);
    expect(isIdle(load({ lastSlotMs: NOW_MS + 1 }), NOW_MS)).toBe(false);
  });
});

describe("whatever comes", () => {
  test("no more than the limit are in flight", () => {
    fc.assert(
      fc.property(anyLoad, anyAsking, (before, ask) => {
        const { kind, load: after } = admit(before, ask);
        const most = kind === "admitted" ? ask.limit : before.inFlight;
        expect(after.inFlight).toBeLessThanOrEqual(most);
      }),
    );
  });

  test("a slot is never in the past, and at least 250 ms ahead", () => {
    fc.assert(
      fc.property(anyLoad, anyAsking, (before, ask) => {
        expect(deferred(before, ask).atMs).toBeGreaterThanOrEqual(NOW_MS + 250);
      }),
    );
  });

  test("a slot is at most four service times and one pace, or about a second, ahead", () => {
    fc.assert(
      fc.property(anyLoad, anyAsking, (before, ask) => {
        const horizonMs = Math.max(1_000, 4 * before.serviceMs) + before.serviceMs / ask.limit;
        expect(deferred(before, ask).atMs).toBeLessThanOrEqual(NOW_MS + horizonMs + 1);
      }),
    );
  });

  test("nobody is let into a line in which they would wait for longer than its maximum", () => {
    fc.assert(
      fc.property(anyLoad, anyAsking, (before, ask) => {
        const { kind, load: after } = admit(before, ask);
        const waitMs = kind === "in_line" ? (after.inLine * after.serviceMs) / ask.limit : 0;
        expect(waitMs).toBeLessThanOrEqual(MAX_IN_LINE_MS);
      }),
    );
  });

  test("a sequence of entering and leaving keeps the count, and ends with none", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 200 }), fc.nat(40_000), (steps, tookMs) => {
        let now = IDLE_ENDPOINT;
        let inside = 0;
        for (const isEntering of steps) {
          if (isEntering) {
            const admission = admit(now, asking);
            if (admission.kind === "admitted") {
              now = admission.load;
              inside += 1;
            }
          } else if (inside > 0) {
            now = released(now, tookMs);
            inside -= 1;
          }
          expect(now.inFlight).toBe(inside);
          expect(inside).toBeLessThanOrEqual(asking.limit);
        }
        for (; inside > 0; inside -= 1) now = released(now, tookMs);
        expect(now.inFlight).toBe(0);
      }),
    );
  });

  test("the service time stays between the shortest and the longest attempt", () => {
    const durations = fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1 });
    fc.assert(
      fc.property(durations, (all) => {
        const end = all.reduce((now, durationMs) => released(now, durationMs), IDLE_ENDPOINT);
        expect(end.serviceMs).toBeGreaterThanOrEqual(Math.min(...all) - 1e-6);
        expect(end.serviceMs).toBeLessThanOrEqual(Math.max(...all) + 1e-6);
      }),
    );
  });
});
