import * as fc from "fast-check";
import { expect, test } from "vitest";
import { backoffMs, pause } from "./backoff.ts";

test("waits double from the first one, and stay at the longest", () => {
  const waits = [0, 1, 2, 3, 4, 5, 6].map((n) => backoffMs(n));
  expect(waits).toEqual([100, 200, 400, 800, 1_600, 2_000, 2_000]);
  expect([0, 1, 2].map((n) => backoffMs(n, 5_000, 12_000))).toEqual([5_000, 10_000, 12_000]);
});

test("a wait is never shorter than the one before, never over the longest, and always finite", () => {
  const count = fc.oneof(fc.nat({ max: 40 }), fc.nat());
  fc.assert(
    fc.property(count, fc.integer({ min: 1, max: 10_000 }), (n, firstMs) => {
      const waitMs = backoffMs(n, firstMs, 60_000);
      expect(waitMs).toBeGreaterThanOrEqual(Math.min(firstMs, 60_000));
      expect(waitMs).toBeLessThanOrEqual(backoffMs(n + 1, firstMs, 60_000));
      expect(backoffMs(n + 1, firstMs, 60_000)).toBeLessThanOrEqual(60_000);
    }),
  );
});

test("a pause takes its time", async () => {
  const startedMs = performance.now();
  await pause(30);
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(28);
});

test("a pause ends at once when it is aborted, before or meanwhile, and does not reject", async () => {
  const aborted = AbortSignal.abort();
  await expect(pause(60_000, aborted)).resolves.toBeUndefined();
  const stopping = new AbortController();
  const pausing = pause(60_000, stopping.signal);
  stopping.abort(new Error("stopping"));
  await expect(pausing).resolves.toBeUndefined();
});
