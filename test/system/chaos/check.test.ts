import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { check } from "./check.ts";
import type { Evidence, StoredFacts } from "./evidence.ts";
import type { ProblemKind } from "./problem.ts";
import { BOUNDS, type Ending, type MadeUp, rightRun } from "./right-run.ts";

const kindsIn = (evidence: Evidence): ProblemKind[] => [
  ...new Set(check(evidence, BOUNDS).problems.map(({ kind }) => kind)),
];

const madeUp = fc.record({
  ending: fc.constantFrom<Ending>("delivered", "dead_lettered", "cancelled", "no_subscription"),
  failures: fc.integer({ min: 0, max: 2 }),
});

test("a run in which everything went well has no problem, whatever its events came to", () => {
  fc.assert(
    fc.property(fc.array(madeUp, { maxLength: 20 }), (events) => {
      const { problems, counts } = check(rightRun(events), BOUNDS);
      expect(problems).toEqual([]);
      const ended = (ending: Ending): number => events.filter((e) => e.ending === ending).length;
      expect(counts).toMatchObject({
        acknowledged: events.length,
        delivered: ended("delivered"),
        deadLettered: ended("dead_lettered"),
        repeats: 0,
      });
    }),
  );
});

test("taking away any one message of a run is noticed", () => {
  const whole = fc.array(madeUp, { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(whole, fc.nat(), (events, which) => {
      const right = rightRun(events);
      const { stored } = right;
      const wrong: StoredFacts[] = [
        ...stored.events.map((e) => ({ ...stored, events: stored.events.filter((o) => o !== e) })),
        ...stored.records.map((r) => ({
          ...stored,
          records: stored.records.filter((o) => o !== r),
        })),
        ...stored.deadLetters.map((l) => ({
          ...stored,
          deadLetters: stored.deadLetters.filter((o) => o !== l),
        })),
      ];
      const chosen = wrong[which % wrong.length];
      expect(chosen && kindsIn({ ...right, stored: chosen })).not.toEqual([]);
    }),
  );
});

/** An event that is delivered at its second attempt. */
const RETRIED: MadeUp = { ending: "delivered", failures: 1 };
const run = rightRun([RETRIED]);
const [first, second] = run.requests;
if (first === undefined || second === undefined) throw new Error("two requests are made up");
const [subscribed] = run.addresses[0]?.changes ?? [];
if (subscribed === undefined) throw new Error("a subscription is made up");

const withStored = (stored: Partial<StoredFacts>): Evidence => ({
  ...run,
  stored: { ...run.stored, ...stored },
});

const replacedAt = (confirmedAtMs: number): Evidence => {
  const next = { path: "/w1/a1/1", askedAtMs: confirmedAtMs - 5, confirmedAtMs };
  return { ...run, addresses: run.addresses.map((a) => ({ ...a, changes: [subscribed, next] })) };
};

/** The second attempt once more, `afterMs` after the first time. */
const repeated = (afterMs: number, windows: Evidence["windows"] = []): Evidence => ({
  ...run,
  windows,
  requests: [...run.requests, { ...second, atMs: second.atMs + afterMs }],
});

const window = (fromMs: number, toMs: number) => [{ fromMs, toMs, why: "a dispatcher died" }];
const { records, events } = run.stored;

const FAULTS: Readonly<Record<string, readonly [Evidence, readonly ProblemKind[]]>> = {
  "an acknowledged event that is not stored": [
    withStored({ events: [] }),
    ["lost", "chain", "list"],
  ],
  "an event that nothing is recorded of": [
    { ...withStored({ records: [] }), requests: [] },
    ["lost", "list"],
  ],
  "a retry that never came": [
    { ...withStored({ records: records.slice(0, 1) }), requests: [first] },
    ["lost", "list"],
  ],
  "a retry that still waits": [withStored({ waiting: ["retries.scheduled.w1.a1.1"] }), ["lost"]],
  "an event that is stored twice": [
    withStored({ events: events.flatMap((e) => [e, { ...e, seq: 2 }]) }),
    ["chain", "lost", "list"],
  ],
  "a record that is there twice": [
    withStored({ records: [...records, ...records.slice(1)] }),
    ["chain", "list"],
  ],
  "a first record that is missing": [withStored({ records: records.slice(1) }), ["chain", "list"]],
  "a dead letter beside a success": [
    withStored({
      deadLetters: [{ workspaceId: "w1", eventId: first.eventId, reason: "exhausted" }],
    }),
    ["chain", "list"],
  ],
  "an answer that no receiver gave": [{ ...run, requests: [first] }, ["chain"]],
  "a request for an event that is not stored": [
    { ...run, requests: [...run.requests, { ...first, eventId: "evt_t85s00_9" }] },
    ["chain"],
  ],
  "a retry 30 ms before its delay was over": [
    { ...run, requests: [first, { ...second, atMs: second.atMs - 30 }] },
    ["early"],
  ],
  "a request 3 s after its address was replaced": [replacedAt(second.atMs - 3_000), []],
  "a request 3.1 s after its address was replaced": [replacedAt(second.atMs - 3_100), ["stale"]],
  "a request to what never was an address": [
    { ...run, requests: [first, { ...second, path: "/w1/a1/7" }] },
    ["stale"],
  ],
  "a request that is repeated": [repeated(500), ["repeated"]],
  "a request that is repeated, its dispatcher killed before the record": [
    repeated(500, window(second.atMs + 200, second.atMs + 200)),
    [],
  ],
  "a request that is repeated, a dispatcher killed long after the record": [
    repeated(9_000, window(second.atMs + 5_000, second.atMs + 5_000)),
    ["repeated"],
  ],
  "a list without its last attempt": [
    { ...run, lists: run.lists.map((l) => ({ ...l, attempts: l.attempts.slice(1) })) },
    ["list"],
  ],
  "a list with another status": [
    {
      ...run,
      lists: run.lists.map((l) => ({
        ...l,
        events: l.events.map((e) => ({ ...e, status: "pending" as const })),
      })),
    },
    ["list"],
  ],
};

describe("the checker finds", () => {
  test.each(Object.entries(FAULTS))("%s", (_what, [evidence, kinds]) => {
    expect(kindsIn(evidence).toSorted()).toEqual([...kinds].toSorted());
  });
});

test("an event that ends without a subscription is lost, unless its agent had none for a time", () => {
  const without = rightRun([{ ending: "no_subscription", failures: 0 }]);
  const addresses = without.addresses.map((a) => ({ ...a, changes: a.changes.slice(0, 1) }));
  expect(kindsIn(without)).toEqual([]);
  expect(kindsIn({ ...without, addresses })).toEqual(["lost"]);
});
