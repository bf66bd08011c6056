import {
  FAILURE_REASONS,
  nextStepSchema,
  type Outcome,
} from "@ringback/contracts/deliveries/attempt";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_RETRY_AFTER_MS, nextStep, type RetryPolicy } from "./retry.ts";

const YEAR_MS = 366 * 86_400_000;
const TIMED_OUT: Outcome = { kind: "failed", reason: "timeout" };
const DEFAULTS: RetryPolicy = { delaysMs: [10_000, 60_000, 120_000], jitter: 0.1 };

const delays = fc.array(fc.integer({ min: 1, max: YEAR_MS }), { maxLength: 20 });
const share = fc.double({ min: 0, max: 1, noNaN: true });
const policy: fc.Arbitrary<RetryPolicy> = fc.record({ delaysMs: delays, jitter: share });
const random = share.filter((value) => value < 1);
const failed: fc.Arbitrary<Outcome> = fc
  .constantFrom(...FAILURE_REASONS)
  .map((reason) => ({ kind: "failed", reason }));
/** Any time up to the year 9990: retries end before five digits are needed. */
const time = fc.integer({ min: 0, max: Date.parse("9990-01-01T00:00:00Z") });

describe("after a failure", () => {
  test("a retry is never early, and late by at most the jitter's share of its delay", () => {
    fc.assert(
      fc.property(policy, failed, time, random, fc.nat({ max: 19 }), (p, outcome, atMs, by, n) => {
        const delayMs = p.delaysMs[n];
        fc.pre(delayMs !== undefined);
        const next = nextStep({ outcome, attempt: n + 1, atMs, random: by }, p);
        expect(next.kind).toBe("retry");
        const dueMs = Date.parse(next.kind === "retry" ? next.at : "");
        expect(dueMs).toBeGreaterThanOrEqual(atMs + delayMs);
        expect(dueMs).toBeLessThanOrEqual(atMs + delayMs * (1 + p.jitter));
      }),
      { numRuns: 500 },
    );
  });

  test("there are as many attempts as delays, and one; then it is a dead letter", () => {
    fc.assert(
      fc.property(policy, failed, time, random, (p, outcome, atMs, by) => {
        const kinds = p.delaysMs
          .concat(0, 0)
          .map((_, n) => nextStep({ outcome, attempt: n + 1, atMs, random: by }, p).kind);
        const retries = p.delaysMs.map(() => "retry");
        expect(kinds).toEqual([...retries, "dead_letter", "dead_letter"]);
      }),
    );
  });

  test("an extra attempt leaves the schedule as it was: the same wait, and as many attempts", () => {
    fc.assert(
      fc.property(policy, failed, time, random, fc.nat({ max: 20 }), (p, outcome, atMs, by, n) => {
        const scheduled = { outcome, attempt: n + 1, atMs, random: by };
        const extraAttempts = n + 3;
        const extra = { ...scheduled, attempt: n + 1 + extraAttempts, extraAttempts };
        expect(nextStep(extra, p)).toEqual(nextStep(scheduled, p));
      }),
    );
  });

  test("what comes next can be recorded, also in the far future", () => {
    fc.assert(
      fc.property(policy, failed, time, random, fc.nat({ max: 20 }), (p, outcome, atMs, by, n) => {
        const next = nextStep({ outcome, attempt: n + 1, atMs, random: by }, p);
        expect(nextStepSchema.parse(JSON.parse(JSON.stringify(next)))).toEqual(next);
      }),
    );
  });

  test("an endpoint's wish can only make a retry later, by at most ten minutes and the jitter", () => {
    const retryAfter = fc.oneof(
      fc.nat({ max: 2 * MAX_RETRY_AFTER_MS }),
      fc.constant(Number.MAX_VALUE),
    );
    fc.assert(
      fc.property(
        policy,
        failed,
        time,
        random,
        retryAfter,
        (p, outcome, atMs, by, retryAfterMs) => {
          const failure = { outcome, attempt: 1, atMs, random: by };
          const [delayMs] = p.delaysMs;
          fc.pre(delayMs !== undefined);
          const plain = nextStep(failure, p);
          const lengthened = nextStep({ ...failure, retryAfterMs }, p);
          const dueMs = Date.parse(lengthened.kind === "retry" ? lengthened.at : "");
          expect(dueMs).toBeGreaterThanOrEqual(Date.parse(plain.kind === "retry" ? plain.at : ""));
          expect(dueMs).toBeGreaterThanOrEqual(atMs + Math.min(retryAfterMs, MAX_RETRY_AFTER_MS));
          const waitMs = Math.max(delayMs, Math.min(retryAfterMs, MAX_RETRY_AFTER_MS));
          expect(dueMs).toBeLessThanOrEqual(atMs + waitMs * (1 + p.jitter));
        },
      ),
      { numRuns: 500 },
    );
  });

  test("all of the jitter is used, so that retries do not come back together", () => {
    const due = [0, 0.5, 0.999_999].map((by) =>
      nextStep({ outcome: TIMED_OUT, attempt: 1, atMs: 0, random: by }, DEFAULTS),
    );
    expect(due).toEqual([
      { kind: "retry", at: "1970-01-01T00:00:10.000Z", attempts_left: 3 },
      { kind: "retry", at: "1970-01-01T00:00:10.500Z", attempts_left: 3 },
      { kind: "retry", at: "1970-01-01T00:00:10.999Z", attempts_left: 3 },
    ]);
  });
});

test.each<Outcome>([{ kind: "delivered", status_code: 200 }, { kind: "cancelled" }])(
  "after $kind nothing comes, whatever the schedule",
  (outcome) => {
    fc.assert(
      fc.property(policy, time, random, fc.integer({ min: 1, max: 25 }), (p, atMs, by, attempt) => {
        expect(nextStep({ outcome, attempt, atMs, random: by }, p)).toEqual({ kind: "done" });
      }),
    );
  },
);

test("by default there are four attempts, 10 s, 1 min and 2 min after the failures", () => {
  const from = Date.parse("2026-02-28T23:59:00Z");
  const steps = [1, 2, 3, 4].map((attempt) =>
    nextStep({ outcome: TIMED_OUT, attempt, atMs: from, random: 0 }, DEFAULTS),
  );
  expect(steps).toEqual([
    { kind: "retry", at: "2026-02-28T23:59:10.000Z", attempts_left: 3 },
    { kind: "retry", at: "2026-03-01T00:00:00.000Z", attempts_left: 2 },
    { kind: "retry", at: "2026-03-01T00:01:00.000Z", attempts_left: 1 },
    { kind: "dead_letter" },
  ]);
});

test("without delays the first failure is the last", () => {
  const failure = { outcome: TIMED_OUT, attempt: 1, atMs: 0, random: 0.5 };
  expect(nextStep(failure, { delaysMs: [], jitter: 0.1 })).toEqual({ kind: "dead_letter" });
});

test("a test event is attempted once, however it ends", () => {
  const failure = { outcome: TIMED_OUT, attempt: 1, atMs: 0, random: 0, trigger: "test" } as const;
  expect(nextStep(failure, DEFAULTS)).toEqual({ kind: "done" });
  expect(nextStep({ ...failure, trigger: "redelivery" }, DEFAULTS)).toMatchObject({
    kind: "retry",
  });
});
