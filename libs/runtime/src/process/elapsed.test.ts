import { describe, expect, test } from "vitest";
import { elapsedClock } from "./elapsed.ts";

const START = { monotonicMs: 5_000, wallMs: 1_800_000_000_000 };

/** What the clock has counted after these steps of both clocks. */
const counted = (steps: readonly { readonly monotonic: number; readonly wall: number }[]) => {
  let { monotonicMs, wallMs } = START;
  const elapsedMs = elapsedClock({ monotonic: () => monotonicMs, wall: () => wallMs });
  const beganMs = elapsedMs();
  for (const { monotonic, wall } of steps) {
    monotonicMs += monotonic;
    wallMs += wall;
    elapsedMs();
  }
  return elapsedMs() - beganMs;
};

describe("elapsed time", () => {
  test.each([
    ["while both clocks go on", [{ monotonic: 700, wall: 700 }], 700],
    ["while the process was stopped", [{ monotonic: 20_000, wall: 20_000 }], 20_000],
    ["while the machine slept", [{ monotonic: 3, wall: 60_003 }], 60_003],
    [
      "over two sleeps",
      [
        { monotonic: 1, wall: 20_001 },
        { monotonic: 50, wall: 50 },
        { monotonic: 1, wall: 30_001 },
      ],
      50_052,
    ],
    ["is not lengthened by a clock that is set back", [{ monotonic: 10, wall: -3_600_000 }], 10],
    [
      "is counted when a machine sleeps after its clock was set back",
      [
        { monotonic: 10, wall: -3_600_000 },
        { monotonic: 10, wall: 20_010 },
      ],
      20_020,
    ],
  ] as const)("%s", (_what, steps, expected) => {
    expect(counted(steps)).toBe(expected);
  });

  test("does not run ahead by the wall clock's coarse milliseconds", () => {
    const steps = Array.from({ length: 10_000 }, (_, n) => ({
      monotonic: 0.1,
      wall: n % 10 === 0 ? 1 : 0,
    }));
    expect(counted(steps)).toBeCloseTo(1_000, 0);
  });
});
