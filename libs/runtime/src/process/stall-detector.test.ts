import { expect, test } from "vitest";
import { stallDetector } from "./stall-detector.ts";

test.each([
  [
    "is where it has to be",
    [
      [5, 5],
      [5, 5],
      [5, 5],
      [5, 5],
    ],
    [false, false, false, false],
  ],
  [
    "gets nearer",
    [
      [1, 9],
      [2, 9],
      [3, 9],
      [4, 9],
    ],
    [false, false, false, false],
  ],
  [
    "stands still",
    [
      [1, 9],
      [1, 9],
      [1, 9],
      [1, 9],
    ],
    [false, false, true, false],
  ],
  [
    "stands still while the goal moves",
    [
      [1, 2],
      [1, 3],
      [1, 4],
    ],
    [false, false, true],
  ],
  [
    "moves in between",
    [
      [1, 9],
      [1, 9],
      [2, 9],
      [2, 9],
      [2, 9],
    ],
    [false, false, false, false, true],
  ],
])("what %s", (_what, looks, expected) => {
  const watch = stallDetector(2);
  expect(looks.map(([reached = 0, goal = 0]) => watch(reached, goal))).toEqual(expected);
});
