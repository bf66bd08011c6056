import { expect, test } from "vitest";
import { durationText, relativeText } from "./duration.ts";

test.each([
  [0, "0 ms"],
  [48.2, "48 ms"],
  [999.4, "999 ms"],
  [1_250, "1.2 s"],
  [9_990, "9.9 s"],
  [10_000, "10 s"],
  [59_999, "59 s"],
  [60_000, "1 min"],
  [125_000, "2 min 5 s"],
  [3_600_000, "1 h"],
  [5_400_000, "1 h 30 min"],
  [273_600_000, "3 d 4 h"],
])("%d ms is %s", (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

test.each([
  [0, "now"],
  [-5_300, "5 s ago"],
  [-125_000, "2 min ago"],
  [61_000, "in 1 min"],
  [-90_000_000, "1 d ago"],
])("%d ms from now is %s", (away, text) => {
  expect(relativeText(1e12 + away, 1e12)).toBe(text);
});
