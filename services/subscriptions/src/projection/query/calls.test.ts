import * as fc from "fast-check";
import { expect, test } from "vitest";
import { endpointId } from "../../../../../test/harness/fixtures/endpoints.ts";
import { indexInMemory, type IndexedEvent } from "../../../../../test/lists/index-in-memory.ts";
import type { CallsQuery } from "../figures.ts";
import type { RowPosition } from "../projection.ts";

const NOW_MS = 1_750_000_000_000;

const event = (seq: number, callId: string, named: Partial<IndexedEvent> = {}): IndexedEvent => ({
  seq,
  callId,
  atMs: NOW_MS + seq * 1_000,
  workspaceId: "w1",
  agentId: "a1",
  eventType: "call_completed",
  ...named,
});

const FAILED = { kind: "failed", reason: "timeout" } as const;
const RETRY = (ms: number) => ({ kind: "retry", at: new Date(NOW_MS + ms).toISOString() }) as const;

const idsOf = async (
  { queries }: ReturnType<typeof indexInMemory>,
  query: Partial<CallsQuery> = {},
): Promise<string[]> => {
  const { rows } = await queries.calls({ workspaceId: "w1", limit: 100, ...query });
  return rows.map(({ callId }) => callId);
};

test("a call has its events, agents and attempts, and the worst of its statuses", async () => {
  const index = indexInMemory();
  const [first, second] = [event(1, "c1"), event(2, "c1", { agentId: "a2" })];
  for (const one of [first, second, event(3, "c2"), event(4, "c1", { workspaceId: "w2" })]) {
    index.event(one);
  }
  index.attempt(first, { atMs: NOW_MS + 1_500 });
  index.attempt(second, { atMs: NOW_MS + 2_100, outcome: FAILED, next: RETRY(60_000) });
  index.fanOut(event(3, "c2"), [undefined, endpointId(1)]);
  index.attempt(event(3, "c2"), {
    atMs: NOW_MS + 3_100,
    endpointId: endpointId(1),
    outcome: FAILED,
    next: RETRY(30_000),
  });
  const { rows } = await index.queries.calls({ workspaceId: "w1", limit: 10 });
  expect(rows).toEqual([
    {
      callId: "c2",
      agentIds: ["a1"],
      firstEventAtMs: NOW_MS + 3_000,
      lastEventAtMs: NOW_MS + 3_000,
      events: 1,
      attempts: 1,
      status: "retrying",
      nextAttemptAtMs: NOW_MS + 30_000,
    },
    {
      callId: "c1",
      agentIds: ["a1", "a2"],
      firstEventAtMs: NOW_MS + 1_000,
      lastEventAtMs: NOW_MS + 2_000,
      events: 2,
      attempts: 2,
      status: "retrying",
      nextAttemptAtMs: NOW_MS + 60_000,
    },
  ]);
});

test("a call is found by its id, by the beginning of it from three characters on, by agent and by time", async () => {
  const index = indexInMemory();
  const all = ["abc", "abcd", "ab", "xyz", "abd", "abce"];
  for (const [n, id] of all.entries()) index.event(event(n + 1, id, { agentId: `a${n % 2}` }));
  expect(await idsOf(index)).toEqual(all.toReversed());
  expect(await idsOf(index, { callId: "abc" })).toEqual(["abce", "abcd", "abc"]);
  expect(await idsOf(index, { callId: "ab" })).toEqual(["ab"]);
  expect(await idsOf(index, { callId: "abcde" })).toEqual([]);
  expect(await idsOf(index, { callId: "ABC" })).toEqual([]);
  expect(await idsOf(index, { agentId: "a0" })).toEqual(["abd", "ab", "abc"]);
  expect(await idsOf(index, { agentId: "a0", callId: "abc" })).toEqual(["abc"]);
  expect(await idsOf(index, { agentId: "nobody" })).toEqual([]);
  expect(await idsOf(index, { workspaceId: "w2" })).toEqual([]);
  const span = { sinceMs: NOW_MS + 2_000, untilMs: NOW_MS + 5_000 };
  expect(await idsOf(index, span)).toEqual(["xyz", "ab", "abcd"]);
  expect(await idsOf(index, { ...span, callId: "abc" })).toEqual(["abcd"]);
});

test("of very many calls that begin with a text, the newest come first, page by page", async () => {
  const index = indexInMemory();
  index.db.exec("BEGIN");
  for (let seq = 1; seq <= 7_000; seq += 1) {
    index.event(event(seq, `${seq % 3 === 0 ? "odd" : "call"}-${seq}`));
  }
  index.db.exec("COMMIT");
  const seen: string[] = [];
  for (let after: RowPosition | undefined; ;) {
    const query = { workspaceId: "w1", callId: "odd-", limit: 200, after };
    const { rows, next } = await index.queries.calls(query);
    seen.push(...rows.map(({ callId }) => callId));
    if (next === undefined) break;
    after = next;
  }
  expect(seen).toEqual(Array.from({ length: 2_333 }, (_, n) => `odd-${6_999 - 3 * n}`));
});

const events = fc.array(
  fc.record({
    call: fc.constantFrom("c1", "c2", "c3"),
    agent: fc.constantFrom("a1", "a2"),
    type: fc.constantFrom("call_completed", "recording_completed", "own_type"),
    attempts: fc.nat(2),
    isEarly: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
);

test("calls that grew and lost their first events are as if those had never been", async () => {
  await fc.assert(
    fc.asyncProperty(events, fc.nat(13), async (all, dropped) => {
      const grown = indexInMemory();
      const rebuilt = indexInMemory();
      const fill = (index: typeof grown, from: number): void => {
        for (const [n, { call, agent, type, attempts, isEarly }] of all.entries()) {
          if (n < from) continue;
          const one = event(n + 1, call, { agentId: agent, eventType: type });
          if (!isEarly) index.event(one);
          for (let attempt = 0; attempt < attempts; attempt += 1) {
            index.attempt(one, { atMs: one.atMs + attempt, outcome: FAILED, next: RETRY(n) });
          }
          if (isEarly) index.event(one);
        }
      };
      fill(grown, 0);
      await grown.dropEvents(dropped + 1);
      fill(rebuilt, dropped);
      const listed = async (index: typeof grown) =>
        (await index.queries.calls({ workspaceId: "w1", limit: 100 })).rows.map((row) => ({
          ...row,
          agentIds: row.agentIds.toSorted(),
        }));
      expect(await listed(grown)).toEqual(await listed(rebuilt));
      const count = ({ db }: typeof grown) =>
        ["calls", "call_agents"].map((table) => db.prepare(`SELECT count(*) FROM ${table}`).get());
      expect(count(grown)).toEqual(count(rebuilt));
    }),
    { numRuns: 25 },
  );
});
