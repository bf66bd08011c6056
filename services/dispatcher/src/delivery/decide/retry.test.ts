import {
  FAILURE_REASONS,
  nextStepSchema,
  type Outcome,
} from "@ringback/contracts/deliveries/attempt";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  afterUnexpectedError,
  heldBackForMs,
  HOLD_BACK,
  holdBackMs,
  MOST_ASKED_MS,
  nextStep,
  type RetryPolicy,
} from "./retry.ts";

const YEAR_MS = 366 * 86_400_000;
const TIMED_OUT: Outcome = { kind: "failed", reason: "timeout" };
const DEFAULTS: RetryPolicy = { delaysMs: [10_000, 60_000, 120_000], jitter: 0.1 };

const delays = fc.array(fc.integer({ min: 1, max: YEAR_MS }), { maxLength: 20 });
const share = fc.double({ min: 0, max: 1, noNaN: true });
const policy: fc.Arbitrary<RetryPolicy> = fc.record({ delaysMs: delays, jitter: share });
const chance = share.filter((value) => value < 1);
const failed: fc.Arbitrary<Outcome> = fc
  .constantFrom(...FAILURE_REASONS)
  .map((reason) => ({ kind: "failed", reason }));
/** Any time up to the year 9990: retries end before five digits are needed. */
const time = fc.integer({ min: 0, max: Date.parse("9990-01-01T00:00:00Z") });

describe("after a failure", () => {
  test("a retry is never early, and late by at most the jitter's share of its delay", () => {
    fc.assert(
      fc.property(policy, failed, time, chance, fc.nat({ max: 19 }), (p, outcome, atMs, by, n) => {
        const delayMs = p.delaysMs[n];
        fc.pre(delayMs !== undefined);
        const next = nextStep({ outcome, attempt: n + 1, atMs, chance: by }, p);
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
      fc.property(policy, failed, time, chance, (p, outcome, atMs, by) => {
        const kinds = p.delaysMs
          .concat(0, 0)
          .map((_, n) => nextStep({ outcome, attempt: n + 1, atMs, chance: by }, p).kind);
        const retries = p.delaysMs.map(() => "retry");
        expect(kinds).toEqual([...retries, "dead_letter", "dead_letter"]);
      }),
    );
  });

  test("an extra attempt leaves the schedule as it was: the same wait, and as many attempts", () => {
    fc.assert(
      fc.property(policy, failed, time, chance, fc.nat({ max: 20 }), (p, outcome, atMs, by, n) => {
        const scheduled = { outcome, attempt: n + 1, atMs, chance: by };
        const extraAttempts = n + 3;
        const extra = { ...scheduled, attempt: n + 1 + extraAttempts, extraAttempts };
        expect(nextStep(extra, p)).toEqual(nextStep(scheduled, p));
      }),
    );
  });

  test("what comes next can be recorded, also in the far future", () => {
    fc.assert(
      fc.property(policy, failed, time, chance, fc.nat({ max: 20 }), (p, outcome, atMs, by, n) => {
        const next = nextStep({ outcome, attempt: n + 1, atMs, chance: by }, p);
        expect(nextStepSchema.parse(JSON.parse(JSON.stringify(next)))).toEqual(next);
      }),
    );
  });

  test("an endpoint's wish can only make a retry later, by at most ten minutes and the jitter", () => {
    const asked = fc.oneof(fc.nat({ max: 2 * MOST_ASKED_MS }), fc.constant(Number.MAX_VALUE));
    fc.assert(
      fc.property(policy, failed, time, chance, asked, (p, outcome, atMs, by, askedMs) => {
        const failure = { outcome, attempt: 1, atMs, chance: by };
        const [delayMs] = p.delaysMs;
        fc.pre(delayMs !== undefined);
        const plain = nextStep(failure, p);
        const wished = nextStep({ ...failure, askedMs }, p);
        const dueMs = Date.parse(wished.kind === "retry" ? wished.at : "");
        expect(dueMs).toBeGreaterThanOrEqual(Date.parse(plain.kind === "retry" ? plain.at : ""));
        expect(dueMs).toBeGreaterThanOrEqual(atMs + Math.min(askedMs, MOST_ASKED_MS));
        const waitMs = Math.max(delayMs, Math.min(askedMs, MOST_ASKED_MS));
        expect(dueMs).toBeLessThanOrEqual(atMs + waitMs * (1 + p.jitter));
      }),
      { numRuns: 500 },
    );
  });

  test("all of the jitter is used, so that retries do not come back together", () => {
    const due = [0, 0.5, 0.999_999].map((by) =>
      nextStep({ outcome: TIMED_OUT, attempt: 1, atMs: 0, chance: by }, DEFAULTS),
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
      fc.property(policy, time, chance, fc.integer({ min: 1, max: 25 }), (p, atMs, by, attempt) => {
        expect(nextStep({ outcome, attempt, atMs, chance: by }, p)).toEqual({ kind: "done" });
      }),
    );
  },
);

test("by default there are four attempts, 10 s, 1 min and 2 min after the failures", () => {
  const from = Date.parse("2026-02-28T23:59:00Z");
  const steps = [1, 2, 3, 4].map((attempt) =>
    nextStep({ outcome: TIMED_OUT, attempt, atMs: from, chance: 0 }, DEFAULTS),
  );
  expect(steps).toEqual([
    { kind: "retry", at: "2026-02-28T23:59:10.000Z", attempts_left: 3 },
    { kind: "retry", at: "2026-03-01T00:00:00.000Z", attempts_left: 2 },
    { kind: "retry", at: "2026-03-01T00:01:00.000Z", attempts_left: 1 },
    { kind: "dead_letter" },
  ]);
});

test("without delays the first failure is the last", () => {
  const failure = { outcome: TIMED_OUT, attempt: 1, atMs: 0, chance: 0.5 };
  expect(nextStep(failure, { delaysMs: [], jitter: 0.1 })).toEqual({ kind: "dead_letter" });
});

test("a delivery that is held back waits 5 s, then twice as long each time, at most 5 min", () => {
  const waits = [0, 1, 2, 3, 4, 5, 6, 7, 100, 1e9].map((n) => holdBackMs(n) / 1_000);
  expect(waits).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300, 300]);
});

describe("after an unexpected error", () => {
  const HOUR_MS = 3_600_000;

  test("a delivery is tried for an hour, later each time and once at its end, then given up", () => {
    const tries: number[] = [];
    let nowMs = 1_000;
    let sinceMs: number | undefined;
    for (let timesHeldBack = 0; timesHeldBack < 100; timesHeldBack += 1) {
      tries.push(nowMs - 1_000);
      const after = afterUnexpectedError({ nowMs, sinceMs, timesHeldBack });
      if (after.kind === "give_up") break;
      nowMs = after.atMs;
      sinceMs = after.sinceMs;
    }
    expect(tries.slice(0, 5)).toEqual([0, 5_000, 15_000, 35_000, 75_000]);
    expect([tries.length, tries.at(-1)]).toEqual([18, HOUR_MS]);
  });

  test("it is given up once the time is over, and never before, however often it was held back", () => {
    fc.assert(
      fc.property(time, fc.nat({ max: 2 * HOUR_MS }), fc.nat(), (sinceMs, agoMs, timesHeldBack) => {
        const nowMs = sinceMs + agoMs;
        const after = afterUnexpectedError({ nowMs, sinceMs, timesHeldBack });
        expect(after.kind).toBe(agoMs >= HOUR_MS ? "give_up" : "hold_back");
        if (after.kind === "give_up") return;
        expect(after.sinceMs).toBe(sinceMs);
        expect(after.atMs).toBeGreaterThan(nowMs);
        expect(after.atMs).toBeLessThanOrEqual(sinceMs + HOUR_MS);
      }),
    );
  });

  test("a clock that was ahead when it began does not make it longer", () => {
    const fault = { nowMs: 1_000, sinceMs: 9_000_000, timesHeldBack: 0 };
    expect(afterUnexpectedError(fault)).toEqual({ kind: "hold_back", atMs: 6_000, sinceMs: 1_000 });
  });

  test("how long it has waited is the sum of the waits", () => {
    fc.assert(
      fc.property(fc.nat({ max: 200 }), (times) => {
        const waits = Array.from({ length: times }, (_, n) => holdBackMs(n));
        expect(heldBackForMs(times)).toBe(waits.reduce((sum, ms) => sum + ms, 0));
      }),
    );
    expect(heldBackForMs(1e9)).toBeGreaterThan(1e9 * (HOLD_BACK.mostMs - 1));
  });
});

test("a test event is attempted once, however it ends", () => {
  const failure = { outcome: TIMED_OUT, attempt: 1, atMs: 0, chance: 0, trigger: "test" } as const;
  expect(nextStep(failure, DEFAULTS)).toEqual({ kind: "done" });
  expect(nextStep({ ...failure, trigger: "redelivery" }, DEFAULTS)).toMatchObject({
    kind: "retry",
  });
});
