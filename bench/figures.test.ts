import { expect, test } from "vitest";
import { atLeast, atMost, figure, verdictOf, type Wanted } from "./figures.ts";
import { figureTable } from "./table.ts";

const verdict = (reached: number, wanted: Wanted) =>
  verdictOf(figure("a figure", [reached], "ratio", wanted));

test.each([
  [0.45, atLeast(0.45), "ok"],
  [0.44, atLeast(0.45), "MISSED"],
  [1.2, atMost(1.2), "ok"],
  [1.21, atMost(1.2), "MISSED"],
  [99, { kind: "none" }, ""],
  // What could not be measured is no success.
  [Number.NaN, atMost(1.2), "MISSED"],
  [Number.NaN, atLeast(0.45), "MISSED"],
] as const)("%d with %o wanted is '%s'", (reached, wanted, expected) => {
  expect(verdict(reached, wanted)).toBe(expected);
});

test("a figure is the median of its rounds", () => {
  expect(figure("a figure", [0.9, 0.1, 0.5], "ratio").reached).toBe(0.5);
});

test("the table shows each figure with what is wanted of it, and its rounds when there are several", () => {
  const figures = [
    figure("by bare", [0.5, 0.4, 0.3], "ratio", atLeast(0.45)),
    figure("p99", [12.345], "ms", atMost(15)),
    figure("drained", [1234.5], "per second"),
  ];
  expect(figureTable([{ scenario: "some", figures }])).toBe(
    [
      "scenario  figure   reached   wanted    ok?     rounds",
      "--------  -------  --------  --------  ------  --------------",
      "some      by bare  0.40      >= 0.45   MISSED  0.50 0.40 0.30",
      "some      p99      12.35 ms  <= 15 ms  ok",
      "some      drained  1235 /s",
    ].join("\n"),
  );
});
