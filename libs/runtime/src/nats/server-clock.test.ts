import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { estimateAfter, type TimeReply, type TimeEstimate } from "./server-clock.ts";

/** A server whose clock is `aheadMs` ahead of ours is asked at `requestedMs`; its answer takes its time both ways. */
const reply = (
  aheadMs: number,
  requestedMs: number,
  thereMs: number,
  backMs: number,
): TimeReply => ({
  requestedMs,
  repliedMs: requestedMs + thereMs + backMs,
  serverMs: requestedMs + thereMs + aheadMs,
});

const estimated = (replies: readonly TimeReply[]): TimeEstimate => {
  const [first, ...others] = replies;
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
          const replies = trips.map(([there, back], n) => reply(aheadMs, n * 5_000, there, back));
          const { offsetMs, slackMs } = estimated(replies);
          const quickest = Math.min(...trips.map(([there, back]) => there + back));
          expect(offsetMs).toBeGreaterThanOrEqual(aheadMs);
          expect(offsetMs - aheadMs).toBeLessThanOrEqual(quickest);
          // Without its slack it is a time that the server's clock has passed.
          expect(offsetMs - slackMs).toBeLessThanOrEqual(aheadMs);
        },
      ),
    );
  });

  test("follows a clock that is set, with the first answer", () => {
    const replies = [reply(0, 0, 1, 1), reply(9_000, 5_000, 20, 20)];
    expect(estimated(replies).offsetMs).toBe(9_020);
  });

  test("follows a clock that drifts, though replies were quicker a minute ago", () => {
    const replies = [reply(0, 0, 1, 1), reply(10, 70_000, 20, 20)];
    expect(estimated(replies).offsetMs).toBe(30);
  });
});
