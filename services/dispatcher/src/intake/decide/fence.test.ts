import type { AttemptRecord, NextStep } from "@ringback/contracts/deliveries/attempt";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { attemptRecord } from "../../../../../test/harness/fixtures/records.ts";
import { fenceOf } from "./fence.ts";

const RETRY: NextStep = { kind: "retry", at: "2026-01-01T00:00:10.000Z" };

const recordOf = (attempt: number, next: NextStep): AttemptRecord =>
  attemptRecord({
    attempt,
    outcome: { kind: "failed", reason: "status", status_code: 500 },
    next,
  });

test.each([
  { last: undefined, attempt: 1, kind: "open", why: "nothing was ever attempted" },
  { last: recordOf(1, RETRY), attempt: 2, kind: "open", why: "its turn has come" },
  { last: recordOf(1, RETRY), attempt: 1, kind: "recorded", why: "it was made" },
  { last: recordOf(3, RETRY), attempt: 2, kind: "recorded", why: "a later one was made" },
  { last: recordOf(1, { kind: "done" }), attempt: 2, kind: "recorded", why: "it has ended" },
  {
    last: recordOf(4, { kind: "dead_letter" }),
    attempt: 5,
    kind: "recorded",
    why: "it was dead-lettered",
  },
])("attempt $attempt is $kind when $why", ({ last, attempt, kind }) => {
  expect(fenceOf(last, attempt).kind).toBe(kind);
});

test("a message of the past shows the last record, so that what follows that is made sure of", () => {
  const last = recordOf(3, RETRY);
  expect(fenceOf(last, 1)).toEqual({ kind: "recorded", last });
});

/** A delivery as its streams hold it: records, and messages that bring an attempt. */
type World = { readonly records: AttemptRecord[]; readonly messages: number[] };

/** Any message, old or new, any number of times: what brokers and crashes can do to a delivery. */
const broughtAgain = fc.array(fc.nat(), { minLength: 1, maxLength: 60 });

/** How many attempts fail before one is done or the delivery is dead-lettered. */
const chain = fc.record({
  failures: fc.integer({ min: 0, max: 5 }),
  end: fc.constantFrom<NextStep>({ kind: "done" }, { kind: "dead_letter" }),
});

const handle = (world: World, attempt: number, next: NextStep): void => {
  const fence = fenceOf(world.records.at(-1), attempt);
  const last = fence.kind === "recorded" ? fence.last : recordOf(attempt, next);
  if (fence.kind === "open") world.records.push(last);
  if (last.next.kind === "retry") world.messages.push(last.attempt + 1);
};

test("whatever comes again and in whatever order, attempts are 1, 2, 3, … and end once", () => {
  fc.assert(
    fc.property(broughtAgain, chain, (picks, { failures, end }) => {
      const world: World = { records: [], messages: [1] };
      for (const pick of picks) {
        const attempt = world.messages[pick % world.messages.length]!;
        handle(world, attempt, attempt <= failures ? RETRY : end);
      }
      const attempts = world.records.map((record) => record.attempt);
      expect(attempts).toEqual(attempts.map((_attempt, n) => n + 1));
      const ends = world.records.filter(({ next }) => next.kind !== "retry");
      expect(ends.length).toBeLessThanOrEqual(1);
      expect(world.records.length).toBeLessThanOrEqual(failures + 1);
    }),
  );
});

test("whatever message is left, it brings a delivery that goes on to its end", () => {
  fc.assert(
    fc.property(broughtAgain, chain, (picks, { failures, end }) => {
      const world: World = { records: [], messages: [1] };
      const next = (attempt: number): NextStep => (attempt <= failures ? RETRY : end);
      for (const pick of picks) {
        const attempt = world.messages[pick % world.messages.length]!;
        handle(world, attempt, next(attempt));
      }
      // A late one took the place of all others; from here on each brings only what it makes sure of.
      let left = world.messages[picks[0]! % world.messages.length];
      for (let turns = 0; left !== undefined && turns <= failures + 2; turns += 1) {
        const known = world.messages.length;
        handle(world, left, next(left));
        left = world.messages[known];
      }
      expect(left).toBeUndefined();
      expect(world.records.at(-1)?.next).toEqual(end);
    }),
  );
});
