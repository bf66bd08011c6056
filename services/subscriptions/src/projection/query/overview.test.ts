import * as fc from "fast-check";
import { expect, test } from "vitest";
import { endpointId } from "../../../../../test/harness/fixtures/endpoints.ts";
import { indexInMemory, type IndexedEvent } from "../../../../../test/lists/index-in-memory.ts";
import { shortestBucketMs } from "../figures.ts";

const HOUR_MS = 3_600_000;
const SINCE_MS = 480_000 * HOUR_MS;
const HOURS = { sinceMs: SINCE_MS, untilMs: SINCE_MS + 4 * HOUR_MS, bucketMs: HOUR_MS };
const EVERYBODY = { workspaceId: "w1", agentIds: undefined, ...HOURS };

const DELIVERED = {
  outcome: { kind: "delivered", status_code: 200 },
  next: { kind: "done" },
} as const;
const FAILED = {
  outcome: { kind: "failed", reason: "timeout" },
  next: { kind: "retry", at: new Date(SINCE_MS + 9 * HOUR_MS).toISOString() },
} as const;

const event = (seq: number, hours: number, named: Partial<IndexedEvent> = {}): IndexedEvent => ({
  seq,
  callId: `c${seq}`,
  atMs: SINCE_MS + hours * HOUR_MS,
  workspaceId: "w1",
  agentId: "a1",
  eventType: "call_completed",
  ...named,
});

test("an overview has what happened in its time by buckets, and what waits now of any time", async () => {
  const index = indexInMemory();
  const all = [event(1, -1), event(2, 0.5), event(3, 1.5, { agentId: "a2" }), event(4, 1.6)];
  for (const one of all) index.event(one);
  const [before, first, second, third] = all as [
    IndexedEvent,
    IndexedEvent,
    IndexedEvent,
    IndexedEvent,
  ];
  index.attempt(before, { atMs: before.atMs + 5, ...FAILED });
  index.attempt(first, { atMs: first.atMs + 10, ...DELIVERED });
  index.attempt(second, { atMs: second.atMs + 100, ...FAILED });
  index.attempt(second, { atMs: second.atMs + 1_000, attempt: 2, trigger: "retry", ...FAILED });
  index.deadLetter(third, third.atMs + 1, "event_expired");
  index.attempt(event(5, 2, { workspaceId: "w2" }), { atMs: SINCE_MS, ...FAILED });
  const overview = await index.queries.overview(EVERYBODY);
  expect(overview).toMatchObject({
    events: 3,
    delivered: 1,
    cancelled: 0,
    failed: { timeout: 2 },
    deadLettered: { event_expired: 1 },
    firstAttemptDelay: { p50Ms: 10, p95Ms: 100, p99Ms: 100 },
    waiting: { pending: 0, retrying: 2, isPartial: false, oldest: { event: { seq: 1 } } },
    failing: [{ endpointId: undefined, agentId: "a2", attempted: 2, failed: 2 }],
  });
  expect(overview.series).toEqual([
    { events: 1, delivered: 1, failed: 0, deadLettered: 0 },
    { events: 2, delivered: 0, failed: 2, deadLettered: 1 },
    { events: 0, delivered: 0, failed: 0, deadLettered: 0 },
    { events: 0, delivered: 0, failed: 0, deadLettered: 0 },
  ]);
});

test("nothing that happened has no delay and no series of another workspace", async () => {
  const index = indexInMemory();
  index.event(event(1, 1));
  for (const query of [
    { ...EVERYBODY, workspaceId: "w9" },
    { ...EVERYBODY, agentIds: ["a9"] },
  ]) {
    const overview = await index.queries.overview(query);
    expect(overview).toMatchObject({
      events: 0,
      firstAttemptDelay: { p50Ms: undefined, p95Ms: undefined, p99Ms: undefined },
      waiting: { pending: 0, retrying: 0, oldest: undefined },
      failing: [],
    });
    expect(overview.series).toHaveLength(4);
  }
});

test("only first attempts of first deliveries tell a delay: no retry, redelivery or test", async () => {
  const index = indexInMemory();
  const one = event(1, 1);
  // The attempts' stream may be read before the events'.
  index.attempt(one, { atMs: one.atMs + 20, ...FAILED });
  index.attempt(one, { atMs: one.atMs + 900, attempt: 2, trigger: "retry", ...FAILED });
  index.attempt(one, { atMs: one.atMs + 9_000, again: "r1", trigger: "redelivery", ...DELIVERED });
  index.attempt(one, { atMs: one.atMs + 40, endpointId: endpointId(1), ...DELIVERED });
  index.event(one);
  index.attempt(event(2, 1), { atMs: one.atMs + 99_000, trigger: "test", ...DELIVERED });
  index.event(event(2, 1));
  const { firstAttemptDelay } = await index.queries.overview(EVERYBODY);
  expect(firstAttemptDelay).toEqual({ p50Ms: 20, p95Ms: 40, p99Ms: 40 });
  expect(index.db.prepare("SELECT count(*) AS n FROM early_attempts").get()).toEqual({ n: 0 });
});

test("destinations that fail come with the most failures first, and with all their attempts", async () => {
  const index = indexInMemory();
  const one = event(1, 1);
  index.event(one);
  for (let n = 0; n < 5; n += 1) {
    index.attempt(one, { atMs: one.atMs + n, attempt: 2, endpointId: endpointId(1), ...FAILED });
    index.attempt(one, { atMs: one.atMs + n, attempt: 2, endpointId: endpointId(2), ...DELIVERED });
    index.attempt(one, { atMs: one.atMs + n, attempt: 2, ...DELIVERED });
  }
  index.attempt(one, { atMs: one.atMs, attempt: 2, ...FAILED });
  index.attempt(one, { atMs: one.atMs + 20 * HOUR_MS, attempt: 2, ...FAILED });
  const { failing } = await index.queries.overview(EVERYBODY);
  expect(failing).toEqual([
    {
      endpointId: endpointId(1),
      uid: `uid-${endpointId(1)}`,
      agentId: undefined,
      attempted: 5,
      failed: 5,
    },
    { endpointId: undefined, uid: undefined, agentId: "a1", attempted: 6, failed: 1 },
  ]);
  const ofAgent = await index.queries.overview({ ...EVERYBODY, agentIds: ["a1"] });
  expect(ofAgent.failing).toEqual([failing[1]]);
});

test("the activity of endpoints and agents has a number for each bucket", async () => {
  const index = indexInMemory();
  const one = event(1, 0);
  index.event(one);
  for (const hours of [0, 1.2, 1.4, 3.9]) {
    index.attempt(one, { atMs: one.atMs + hours * HOUR_MS, endpointId: endpointId(1), ...FAILED });
  }
  index.attempt(one, { atMs: one.atMs, ...DELIVERED });
  const query = {
    workspaceId: "w1",
    endpointIds: [endpointId(2), endpointId(1)],
    agentIds: ["a1", "a9"],
  };
  expect(await index.queries.activity({ ...query, ...HOURS })).toEqual({
    endpoints: [
      { delivered: [0, 0, 0, 0], failed: [0, 0, 0, 0] },
      { delivered: [0, 0, 0, 0], failed: [1, 2, 0, 1] },
    ],
    agents: [
      { delivered: [1, 0, 0, 0], failed: [1, 2, 0, 1] },
      { delivered: [0, 0, 0, 0], failed: [0, 0, 0, 0] },
    ],
  });
});

test("counts are forgotten after their time, those by the minute after a week", async () => {
  const index = indexInMemory();
  for (const hours of [0, 3]) {
    const one = event(hours + 1, hours);
    index.event(one);
    index.attempt(one, { atMs: one.atMs + 1, ...FAILED });
  }
  await index.dropCounts(SINCE_MS - HOUR_MS, SINCE_MS + HOUR_MS);
  expect(await index.queries.overview(EVERYBODY)).toMatchObject({
    events: 1,
    failed: { timeout: 1 },
  });
  const of = { ...EVERYBODY, agentIds: ["a1"] };
  expect(await index.queries.overview(of)).toMatchObject({ events: 2 });
  await index.dropCounts(SINCE_MS + HOUR_MS, SINCE_MS);
  expect(await index.queries.overview(of)).toMatchObject({ events: 1 });
});

const stories = fc.array(
  fc.record({
    agentId: fc.constantFrom("a1", "a2", "a3"),
    hours: fc.integer({ min: -10, max: 50 }),
    attempts: fc.array(fc.record({ ms: fc.nat(200 * 60_000), isFailed: fc.boolean() }), {
      maxLength: 3,
    }),
    reason: fc.option(fc.constantFrom("event_expired", "exhausted"), { nil: undefined }),
  }),
  { maxLength: 12 },
);

test("a workspace's overview is that of all its agents", async () => {
  await fc.assert(
    fc.asyncProperty(stories, async (all) => {
      const index = indexInMemory();
      for (const [n, { agentId, hours, attempts, reason }] of all.entries()) {
        const one = event(n + 1, hours / 10, { agentId });
        index.event(one);
        for (const [attempt, { ms, isFailed }] of attempts.entries()) {
          const made = { atMs: one.atMs + ms, attempt: attempt + 1 };
          index.attempt(one, { ...made, ...(isFailed ? FAILED : DELIVERED) });
        }
        if (reason !== undefined) index.deadLetter(one, one.atMs, reason);
      }
      const agentIds = ["a1", "a2", "a3", "a4"];
      for (const bucketMs of [shortestBucketMs(agentIds), HOUR_MS, 4 * HOUR_MS]) {
        const query = { ...EVERYBODY, bucketMs };
        const ofAll = await index.queries.overview(query);
        const ofEach = await index.queries.overview({ ...query, agentIds });
        expect(ofEach).toEqual(ofAll);
        const events = ofAll.series.reduce((sum, one) => sum + one.events, 0);
        expect(ofAll.events).toBe(events);
      }
    }),
    { numRuns: 20 },
  );
});
