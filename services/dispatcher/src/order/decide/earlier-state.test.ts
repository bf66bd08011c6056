import type { NextStep } from "@ringback/contracts/deliveries/attempt";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isBlocking, type EarlierState } from "../../delivery/decide/order.ts";
import { stateByRecord, stateOfUnclear, type Unclear } from "./earlier-state.ts";

const NOW_MS = Date.parse("2026-01-01T00:00:10.000Z");
const retryAt = (ms: number): NextStep => ({ kind: "retry", at: new Date(ms).toISOString() });

describe("an earlier delivery, by its last record", () => {
  test.each<[string, NextStep | undefined, EarlierState | "unclear"]>([
    ["without a record is unclear", undefined, "unclear"],
    ["that was delivered or cancelled has ended", { kind: "done" }, "ended"],
    ["that was given up has ended", { kind: "dead_letter" }, "ended"],
    ["whose retry is not due waits for it", retryAt(NOW_MS + 1), "retrying"],
    ["whose retry is due is unclear", retryAt(NOW_MS), "unclear"],
  ])("%s", (_what, next, state) => {
    expect(stateByRecord(next && { next }, NOW_MS)).toBe(state);
  });
});

const NOTHING: Unclear = {
  hasRecord: false,
  pending: "none",
  isAcknowledged: true,
  isDeadLettered: false,
};

describe("an earlier delivery that its record leaves unclear", () => {
  test.each<[string, Partial<Unclear>, EarlierState]>([
    ["put off before its first attempt is in flight", { pending: "scheduled" }, "in_flight"],
    ["put off before a retry is retrying", { pending: "scheduled", hasRecord: true }, "retrying"],
    ["due is in flight", { pending: "due", hasRecord: true }, "in_flight"],
    ["of which nobody knows is in flight", { pending: "unknown" }, "in_flight"],
    ["whose event is not acknowledged is in flight", { isAcknowledged: false }, "in_flight"],
    ["dead-lettered has ended", { isAcknowledged: false, isDeadLettered: true }, "ended"],
    [
      "dead-lettered after an attempt has ended",
      { hasRecord: true, isDeadLettered: true },
      "ended",
    ],
    ["that left nothing behind has ended: its event did not go there", {}, "ended"],
    ["whose retry is lost is in flight, as it comes again", { hasRecord: true }, "in_flight"],
  ])("%s", (_what, facts, state) => {
    expect(stateOfUnclear({ ...NOTHING, ...facts })).toBe(state);
  });
});

/** One delivery as its steps leave it on the streams, and what is true of it. */
type Step = { readonly facts: Unclear; readonly next?: NextStep; readonly truth: EarlierState };

/** The steps of a delivery in the order in which it can take them; a look may come between any two. */
const STEPS: readonly Step[] = [
  { facts: { ...NOTHING, isAcknowledged: false }, truth: "in_flight" },
  { facts: { ...NOTHING, isAcknowledged: false, pending: "due" }, truth: "in_flight" },
  { facts: { ...NOTHING, pending: "due" }, truth: "in_flight" },
  { facts: { ...NOTHING, pending: "scheduled" }, truth: "in_flight" },
  {
    facts: { ...NOTHING, hasRecord: true, pending: "due" },
    next: retryAt(NOW_MS),
    truth: "in_flight",
  },
  {
    facts: { ...NOTHING, hasRecord: true, pending: "scheduled" },
    next: retryAt(NOW_MS + 5),
    truth: "retrying",
  },
  { facts: { ...NOTHING, hasRecord: true }, next: { kind: "done" }, truth: "ended" },
];

/** How a look at a delivery takes it, by its facts alone. */
const seen = ({ facts, next }: Step): EarlierState => {
  const state = stateByRecord(next && { next }, NOW_MS);
  return state === "unclear" ? stateOfUnclear(facts) : state;
};

test("however far the deliveries of a call have come, only the earliest that has not ended goes on with `wait` (property)", () => {
  const call = fc.array(fc.constantFrom(...STEPS), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(call, (steps) => {
      const goesOn = steps.map((_step, n) =>
        steps.slice(0, n).every((earlier) => !isBlocking(seen(earlier), "wait")),
      );
      const open = steps.flatMap(({ truth }, n) => (truth === "ended" ? [] : [n]));
      // Of those that have not ended exactly the first may go on.
      expect(open.filter((n) => goesOn[n] === true)).toEqual(open.slice(0, 1));
      // With `skip` whatever goes on with `wait` does so, too.
      const withSkip = steps.map((_step, n) =>
        steps.slice(0, n).every((earlier) => !isBlocking(seen(earlier), "skip")),
      );
      expect(goesOn.every((goes, n) => !goes || withSkip[n] === true)).toBe(true);
    }),
  );
});
