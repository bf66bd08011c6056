import * as fc from "fast-check";
import { expect, test } from "vitest";
import { DELIVERY_STATUSES, EVENT_STATUSES } from "@ringback/contracts/deliveries/event-status";
import { endpointId } from "../../../../../test/harness/fixtures/endpoints.ts";
import { indexInMemory, type IndexedEvent } from "../../../../../test/lists/index-in-memory.ts";

const NOW_MS = 1_750_000_000_000;
const ENDPOINTS = [undefined, endpointId(1), endpointId(2)];

const steps = fc.constantFrom(
  { outcome: { kind: "delivered", status_code: 200 }, next: { kind: "done" } } as const,
  { outcome: { kind: "cancelled" }, next: { kind: "done" } } as const,
  {
    outcome: { kind: "failed", reason: "timeout" },
    next: { kind: "retry", at: new Date(NOW_MS + 9_000).toISOString() },
  } as const,
  { outcome: { kind: "failed", reason: "timeout" }, next: { kind: "dead_letter" } } as const,
);

const stories = fc.array(
  fc.record({
    agentId: fc.constantFrom("a1", "a2"),
    callId: fc.constantFrom("c1", "c2"),
    workspaceId: fc.constantFrom("w1", "w1", "w1", "w2"),
    eventType: fc.constantFrom("call_completed", "recording_completed", "own_a", "own_b"),
    to: fc.subarray(ENDPOINTS),
    steps: fc.array(fc.record({ to: fc.constantFrom(...ENDPOINTS), step: steps }), {
      maxLength: 3,
    }),
    deadLetter: fc.option(fc.constantFrom(...ENDPOINTS), { nil: null }),
  }),
  { maxLength: 15 },
);

const filled = (all: typeof stories extends fc.Arbitrary<infer All> ? All : never) => {
  const index = indexInMemory();
  for (const [n, { to, steps: made, deadLetter, ...address }] of all.entries()) {
    const event: IndexedEvent = { ...address, seq: n + 1, atMs: NOW_MS + n * 10 };
    index.event(event);
    if (to.length > 1) index.fanOut(event, to);
    for (const { to: endpoint, step } of made) {
      index.attempt(event, { atMs: event.atMs + 1, endpointId: endpoint, ...step });
    }
    if (deadLetter === null) continue;
    index.deadLetter(event, event.atMs + 5, "event_expired", deadLetter);
  }
  return index;
};

const queries = fc.record(
  {
    agentId: fc.constantFrom("a1", "a2", "nobody"),
    callId: fc.constantFrom("c1", "c2"),
    endpointId: fc.constantFrom(endpointId(1), endpointId(2)),
    eventTypes: fc.subarray(["call_completed", "own_a", "own_b"], { minLength: 1 }),
    sinceMs: fc.integer({ min: NOW_MS, max: NOW_MS + 150 }),
    untilMs: fc.integer({ min: NOW_MS, max: NOW_MS + 150 }),
  },
  { requiredKeys: [] },
);

const counted = <T>(values: readonly T[]): Map<T, number> => {
  const sums = new Map<T, number>();
  for (const value of values) sums.set(value, (sums.get(value) ?? 0) + 1);
  return sums;
};

const byId = (
  named: readonly {
    readonly count: number;
    readonly agentId?: string;
    readonly endpointId?: string | undefined;
  }[],
) => new Map(named.map(({ agentId, endpointId: id, count }) => [agentId ?? id, count]));

test("facets of deliveries are counts of the list, whatever the filters", async () => {
  const statuses = fc.option(fc.subarray([...DELIVERY_STATUSES], { minLength: 1 }), {
    nil: undefined,
  });
  await fc.assert(
    fc.asyncProperty(stories, queries, statuses, async (all, narrowed, wanted) => {
      const { queries: index } = filled(all);
      const query = { workspaceId: "w1", ...narrowed, statuses: wanted };
      const { rows } = await index.deliveries({ ...query, limit: 1_000 });
      const facets = await index.deliveryFacets(query);
      expect(facets.total).toBe(rows.length);
      expect(facets.isPartial).toBe(false);
      expect(facets.states).toEqual(counted(rows.map(({ status }) => status)));
      expect(facets.eventTypes).toEqual(counted(rows.map(({ event }) => event.address.eventType)));
      expect(byId(facets.agents)).toEqual(counted(rows.map(({ event }) => event.address.agentId)));
      expect(byId(facets.endpoints)).toEqual(counted(rows.map((row) => row.endpointId)));
    }),
    { numRuns: 25 },
  );
});

test("facets of events are counts of the list, with an event under each status that finds it", async () => {
  const statuses = fc.option(fc.subarray([...EVENT_STATUSES], { minLength: 1 }), {
    nil: undefined,
  });
  await fc.assert(
    fc.asyncProperty(stories, queries, statuses, async (all, narrowed, wanted) => {
      const { queries: index } = filled(all);
      const query = { workspaceId: "w1", ...narrowed };
      const facets = await index.eventFacets({ ...query, statuses: wanted });
      const list = async (only: typeof wanted) =>
        (await index.events({ ...query, statuses: only, limit: 1_000 })).rows;
      const rows = await list(wanted);
      expect(facets.total).toBe(rows.length);
      expect(facets.eventTypes).toEqual(counted(rows.map(({ address }) => address.eventType)));
      expect(byId(facets.agents)).toEqual(counted(rows.map(({ address }) => address.agentId)));
      const found = new Map<string, number>();
      for (const status of wanted ?? EVENT_STATUSES) {
        const { length } = await list([status]);
        if (length > 0) found.set(status, length);
      }
      expect(facets.states).toEqual(found);
    }),
    { numRuns: 25 },
  );
});

test("facets of dead letters are counts of the list", async () => {
  await fc.assert(
    fc.asyncProperty(stories, queries, async (all, narrowed) => {
      const { queries: index } = filled(all);
      const query = { workspaceId: "w1", ...narrowed };
      const { rows } = await index.deadLetters({ ...query, limit: 1_000 });
      const facets = await index.deadLetterFacets(query);
      expect(facets.total).toBe(rows.length);
      expect(facets.states.get("event_expired") ?? 0).toBe(rows.length);
      const sum = facets.endpoints.reduce((total, { count }) => total + count, 0);
      expect(sum).toBe(rows.length);
    }),
    { numRuns: 30 },
  );
});

test("more rows than one slice are all counted, also where many have the same time", async () => {
  const index = indexInMemory();
  index.db.exec("BEGIN");
  for (let seq = 1; seq <= 9_000; seq += 1) {
    const event = {
      seq,
      callId: "c",
      workspaceId: "w1",
      agentId: `a${seq % 3}`,
      eventType: "call_started",
    };
    const stored = { ...event, atMs: NOW_MS + (seq < 7_000 ? 0 : seq) };
    index.event(stored);
    if (seq % 9 === 0) index.fanOut(stored, [undefined, endpointId(1), endpointId(2)]);
  }
  index.db.exec("COMMIT");
  const query = { workspaceId: "w1" };
  const events = await index.queries.eventFacets(query);
  expect(events).toMatchObject({ total: 9_000, isPartial: false });
  expect(byId(events.agents)).toEqual(
    new Map([
      ["a0", 3_000],
      ["a1", 3_000],
      ["a2", 3_000],
    ]),
  );
  expect((await index.queries.eventFacets({ ...query, statuses: ["pending"] })).total).toBe(9_000);
  expect((await index.queries.deliveryFacets(query)).total).toBe(8_000 + 3_000);
});

test("of more than 100,000 rows the newest are counted, and the response says so", async () => {
  const index = indexInMemory();
  index.db.exec("BEGIN");
  for (let seq = 1; seq <= 104_500; seq += 1) {
    const eventType = seq % 2 === 0 ? "call_started" : "call_completed";
    const agentId = seq <= 500 ? "old" : "new";
    index.event({ seq, callId: "c", workspaceId: "w1", agentId, eventType, atMs: NOW_MS + seq });
  }
  index.db.exec("COMMIT");
  const facets = await index.queries.eventFacets({ workspaceId: "w1" });
  expect(facets.isPartial).toBe(true);
  expect(facets.total).toBe(100_000);
  expect(byId(facets.agents)).toEqual(new Map([["new", 100_000]]));
  expect([...facets.eventTypes.values()]).toEqual([50_000, 50_000]);
});
