import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { estimateAfter, type TimeAnswer, type TimeEstimate } from "./server-clock.ts";

/** A server whose clock is `aheadMs` ahead of ours is asked at `askedMs`; its answer takes its time both ways. */
const answer = (aheadMs: number, askedMs: number, thereMs: number, backMs: number): TimeAnswer => ({
  askedMs,
  answeredMs: askedMs + thereMs + backMs,
  serverMs: askedMs + thereMs + aheadMs,
});

const estimated = (answers: readonly TimeAnswer[]): TimeEstimate => {
  const [first, ...others] = answers;
  return others.reduce<TimeEstimate>(estimateAfter, estimateAfter(undefined, first!));
};

describe("the estimate of the server's clock", () => {
  test("is never behind it, and ahead by no more than the quickest answer took", () => {
    const delays = fc.integer({ min: 0, max: 5_000 });
    fc.assert(
      fc.property(
        fc.integer({ min: -100_000, max: 100_000 }),
        fc.array(fc.tuple(delays, delays), { minLength: 1, maxLength: 8 }),
        (aheadMs, trips) => {
          const answers = trips.map(([there, back], n) => answer(aheadMs, n * 5_000, there, back));
          const { offsetMs } = estimated(answers);
          const quickest = Math.min(...trips.map(([there, back]) => there + back));
          expect(offsetMs).toBeGreaterThanOrEqual(aheadMs);
          expect(offsetMs - aheadMs).toBeLessThanOrEqual(quickest);
        },
      ),
    );
  });

  test("follows a clock that is set, with the first answer", () => {
    const answers = [answer(0, 0, 1, 1), answer(9_000, 5_000, 20, 20)];
    expect(estimated(answers).offsetMs).toBe(9_020);
  });

  test("follows a clock that drifts, though answers were quicker a minute ago", () => {
    const answers = [answer(0, 0, 1, 1), answer(10, 70_000, 20, 20)];
    expect(estimated(answers).offsetMs).toBe(30);
  });
});
