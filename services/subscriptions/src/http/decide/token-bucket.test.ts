import * as fc from "fast-check";
import { expect, test } from "vitest";
import { takeTokens, type Bucket } from "./token-bucket.ts";

const BOUNDS = { capacity: 10, refillMs: 1_000 };

test("all may be used at once, and comes back evenly", () => {
  const all = takeTokens(undefined, 10, 0, BOUNDS);
  expect(all).toEqual({ kind: "taken", bucket: { level: 0, atMs: 0 } });
  const empty: Bucket = { level: 0, atMs: 0 };
  expect(takeTokens(empty, 1, 0, BOUNDS)).toEqual({ kind: "wait", waitMs: 100 });
  expect(takeTokens(empty, 1, 100, BOUNDS)).toMatchObject({ kind: "taken" });
  expect(takeTokens(empty, 1, 9_000, BOUNDS)).toMatchObject({ bucket: { level: 9 } });
});

test("what costs more than all of it is possible when it is full", () => {
  expect(takeTokens(undefined, 99, 0, BOUNDS)).toMatchObject({ bucket: { level: 0 } });
});

test("never more is used than there was at first and has come back since", () => {
  const use = fc.record({ cost: fc.integer({ min: 1, max: 12 }), afterMs: fc.nat(300) });
  fc.assert(
    fc.property(fc.array(use), (uses) => {
      let bucket: Bucket | undefined;
      let [nowMs, used] = [0, 0];
      for (const { cost, afterMs } of uses) {
        nowMs += afterMs;
        const taken = takeTokens(bucket, cost, nowMs, BOUNDS);
        if (taken.kind !== "taken") continue;
        bucket = taken.bucket;
        used += Math.min(cost, BOUNDS.capacity);
        expect(used).toBeLessThanOrEqual(10 + nowMs / 100 + 1e-6);
      }
    }),
  );
});
