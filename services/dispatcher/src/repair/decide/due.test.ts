import { describe, expect, test } from "vitest";
import { lookBackMs, REPAIR_POLICY, retryState, scheduleState } from "./due.ts";

const DUE = Date.parse("2026-01-01T00:01:00.000Z");
const HOUR_MS = 3_600_000;

describe("a schedule that is still there", () => {
  test.each([
    [-50_000, -60_000, { kind: "waiting", recheckAtMs: DUE + 10_000 }],
    [0, -60_000, { kind: "waiting", recheckAtMs: DUE + 10_000 }],
    [9_999, -60_000, { kind: "waiting", recheckAtMs: DUE + 10_000 }],
    [10_000, -60_000, { kind: "stuck", overdueMs: 10_000 }],
    [HOUR_MS, -60_000, { kind: "stuck", overdueMs: HOUR_MS }],
    [10_000, 1, { kind: "late", recheckAtMs: DUE + 10_001, overdueMs: 10_000 }],
    [
      HOUR_MS,
      HOUR_MS - 9_999,
      { kind: "late", recheckAtMs: DUE + HOUR_MS + 1, overdueMs: HOUR_MS },
    ],
    [HOUR_MS, HOUR_MS - 10_000, { kind: "stuck", overdueMs: HOUR_MS }],
  ])("%d ms after it was due, stored %d ms after, is %j", (now, stored, expected) => {
    const times = { dueMs: DUE, storedMs: DUE + stored };
    expect(scheduleState(times, DUE + now, REPAIR_POLICY)).toEqual(expected);
  });
});

describe("a record that says", () => {
  const at = new Date(DUE).toISOString();

  test.each([{ kind: "done" }, { kind: "dead_letter" }] as const)(
    "$kind needs no retry, however old",
    (next) => {
      expect(retryState(next, 0, DUE + HOUR_MS, REPAIR_POLICY)).toEqual({ kind: "nothing" });
    },
  );

  test.each([
    [-1, { kind: "waiting", recheckAtMs: DUE + 30_000 }],
    [29_999, { kind: "waiting", recheckAtMs: DUE + 30_000 }],
    [30_000, { kind: "overdue", overdueMs: 30_000 }],
  ])("retry is, %d ms after that is due, %j", (now, expected) => {
    expect(retryState({ kind: "retry", at }, 0, DUE + now, REPAIR_POLICY)).toEqual(expected);
  });

  test.each([
    ["behind NATS's", 60_000, { kind: "waiting", recheckAtMs: DUE + 90_000 }],
    ["ahead of NATS's", -60_000, { kind: "overdue", overdueMs: 30_000 }],
  ])(
    "retry whose dispatcher has a clock %s is not overdue early",
    (_what, storedAfterMs, expected) => {
      const state = retryState({ kind: "retry", at }, storedAfterMs, DUE + 30_000, REPAIR_POLICY);
      expect(state).toEqual(expected);
    },
  );
});

test.each([
  [[10_000, 60_000, 120_000], 0, 25 * HOUR_MS],
  [[48 * HOUR_MS], 0.5, 73 * HOUR_MS],
  [[], 0, 25 * HOUR_MS],
])(
  "a new leader looks back for the longest delay that a subscription or the operator (%j) may have, and an hour more",
  (delays, jitter, ms) => {
    expect(lookBackMs({ delaysMs: delays, jitter })).toBe(ms);
  },
);
