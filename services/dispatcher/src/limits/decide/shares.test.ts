import { describe, expect, test } from "vitest";
import { dynamicBound } from "./shares.ts";

describe("the dynamic bound", () => {
  test.each([
    { share: 0.5, free: 1_024, bound: 513 },
    { share: 0.5, free: 3, bound: 2 },
    { share: 0.5, free: 2, bound: 2 },
    { share: 0.5, free: 1, bound: 1 }, // the last permit is for one that has none
    { share: 0.5, free: 0, bound: 1 },
    { share: 0.5, free: -5, bound: 1 },
    { share: 1, free: 7, bound: 8 },
  ])("is $bound with a share of $share of $free free permits", ({ share, free, bound }) => {
    expect(dynamicBound(share, free)).toBe(bound);
  });
});
