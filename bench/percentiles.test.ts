import { array, assert, double, property } from "fast-check";
import { expect, test } from "vitest";
import { median, percentile, spreadOf } from "./percentiles.ts";

test("a percentile is the smallest value that the share of all is not above", () => {
  const values = Float64Array.from({ length: 100 }, (_, n) => n + 1);
  expect([0.5, 0.99, 1].map((share) => percentile(values, share))).toEqual([50, 99, 100]);
  expect(percentile(Float64Array.of(7), 0.99)).toBe(7);
});

test("a percentile is one of the values, and no more than its share of them is above it", () => {
  const values = array(double({ noNaN: true }), { minLength: 1, maxLength: 200 });
  assert(
    property(values, double({ min: 0, max: 1, noNaN: true }), (list, share) => {
      const found = percentile(Float64Array.from(list).toSorted(), share);
      expect(list).toContain(found);
      const above = list.filter((value) => value > found).length;
      expect(above).toBeLessThanOrEqual(list.length * (1 - share) + 1e-9);
    }),
  );
});

test("the spread is told of values in any order, and of none it is unknown", () => {
  expect(spreadOf([3, 1, 2])).toEqual({ count: 3, p50: 2, p99: 3, max: 3 });
  expect(spreadOf([])).toEqual({ count: 0, p50: Number.NaN, p99: Number.NaN, max: Number.NaN });
});

test("the median is the middle value, or between the two in the middle", () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([1, 2, 10, 4])).toBe(3);
  expect(median([])).toBeNaN();
});
