import { expect, test } from "vitest";
import { samplesOf, withRestarts } from "./with-outages.ts";

test("samples are read as promtool reads them", () => {
  expect(samplesOf("1x2 stale _ _x2 0+5x2 9-2x1")).toEqual([
    1,
    1,
    1,
    "stale",
    "_",
    "_",
    "_",
    0,
    5,
    10,
    9,
    7,
  ]);
});

test("one scrape of seven fails, and counters begin again after it", () => {
  const samples = samplesOf("0+10x9");
  expect(withRestarts('a_total{x="y"}', samples)).toEqual([
    0,
    10,
    20,
    30,
    40,
    50,
    "stale",
    10,
    20,
    30,
  ]);
  expect(withRestarts("a_gauge", samples).slice(5, 8)).toEqual([50, "stale", 70]);
  expect(withRestarts("up", samplesOf("1x8"))).toEqual([1, 1, 1, 1, 1, 1, 0, 1, 1]);
});
