import { worstStatus, EVENT_STATUSES } from "@ringback/contracts/deliveries/event-status";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { endpointId } from "../../../../../test/harness/fixtures/endpoints.ts";
import { indexInMemory, type IndexedEvent } from "../../../../../test/lists/index-in-memory.ts";
import type { Sight } from "../../sight/decide/sight.ts";
import type { DeliveryRow } from "../projection.ts";

const NOW_MS = 1_750_000_000_000;
const AGENTS = ["a0", "a1", "a2", "_"];

/** Which agents each endpoint is for; the last one is for all of them. */
const ENDPOINTS = [["a0"], ["a1"], ["a0", "a1"], ["a1", "a2"], undefined];

const FAILED = { kind: "failed", reason: "timeout" } as const;
const ENDS = [
  { outcome: FAILED, next: { kind: "dead_letter" } },
  { outcome: FAILED, next: { kind: "retry", at: new Date(NOW_MS + 1e6).toISOString() } },
  { outcome: { kind: "delivered", status_code: 200 }, next: { kind: "done" } },
  undefined,
] as const;

const event = fc.record({
  agent: fc.nat(AGENTS.length - 1),
  call: fc.nat(3),
  /** Of the agent's subscription, then of each endpoint: whether it goes there, and what comes of it. */
  goesTo: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
  ends: fc.array(fc.nat(ENDS.length - 1), { minLength: 6, maxLength: 6 }),
});

type Random = typeof event extends fc.Arbitrary<infer Value> ? Value : never;

type Attempted = {
  readonly seq: number;
  readonly agentId: string;
  readonly endpointId: string | undefined;
};

/** An index over these events, with the attempts that it has. */
const filled = (all: readonly Random[]) => {
  const index = indexInMemory();
  const attempts: Attempted[] = [];
  let seq = 0; // on ATTEMPTS
  for (const [n, { agent, call, goesTo, ends }] of all.entries()) {
    const agentId = AGENTS[agent] ?? "";
    const address = {
      workspaceId: "w1",
      agentId,
      callId: `call-${call}`,
      eventType: "call_completed",
    };
    const one: IndexedEvent = { ...address, seq: n + 1, atMs: NOW_MS + n * 1_000 };
    index.event(one);
    const chosen = [undefined, ...ENDPOINTS.map((_, m) => endpointId(m))].filter((_, m) => {
      const agents = m === 0 ? undefined : ENDPOINTS[m - 1];
      return goesTo[m] === true && (agents?.includes(agentId) ?? true);
    });
    if (chosen.some((id) => id !== undefined)) {
      index.fanOut(one, chosen);
      seq += 1;
    }
    for (const id of chosen) {
      const end = ENDS[ends[chosen.indexOf(id)] ?? 0];
      if (end === undefined) continue;
      index.attempt(one, { atMs: one.atMs + 500, endpointId: id, ...end });
      attempts.push({ seq: (seq += 1), agentId, endpointId: id });
    }
  }
  return { ...index, attempts };
};

const sightOf = (bound: readonly string[]): Sight & { readonly agents: ReadonlySet<string> } => {
  const isOwn = (agents: readonly string[] | undefined) =>
    agents?.every((one) => bound.includes(one)) === true;
  const own = ENDPOINTS.flatMap((agents, n) => (isOwn(agents) ? [endpointId(n)] : []));
  return { workspaceId: "w1", agents: new Set(bound), endpoints: new Set(own) };
};

const isSeen = (
  { agents, endpoints }: Sight,
  agentId: string,
  endpoint: string | undefined,
): boolean =>
  agents?.has(agentId) === true && (endpoint === undefined || endpoints?.has(endpoint) === true);

const keyOf = ({ event: { seq }, endpointId: id, status, attempts }: DeliveryRow) =>
  [seq, id, status, attempts] as const;

const bySeq = (rows: readonly DeliveryRow[]) => rows.map((row) => keyOf(row).join()).toSorted();

const ALL = { workspaceId: "w1", limit: 1_000 };

/** Random events, and the agents that a key is bound to. */
const random = fc.tuple(
  fc.array(event, { minLength: 1, maxLength: 12 }),
  fc.subarray(AGENTS, { minLength: 1 }),
);

const check = (
  property: (scene: ReturnType<typeof filled>, sight: Sight) => Promise<void>,
): Promise<void> =>
  fc.assert(
    fc.asyncProperty(random, ([all, bound]) => property(filled(all), sightOf(bound))),
    { numRuns: 30 },
  );

test("a bound key's deliveries and attempts are those of all that it sees", async () => {
  const done = check(async ({ queries, attempts }, sight) => {
    const all = (await queries.deliveries(ALL)).rows;
    const seen = all.filter((row) => isSeen(sight, row.event.address.agentId, row.endpointId));
    const { rows } = await queries.deliveries({ ...ALL, ...sight });
    expect(rows.map(keyOf)).toEqual(seen.map(keyOf));
    const found = await queries.attempts({ ...ALL, ...sight });
    const own = attempts.filter((one) => isSeen(sight, one.agentId, one.endpointId));
    expect(found.rows.map(({ seq }) => seq).toSorted((a, b) => a - b)).toEqual(
      own.map(({ seq }) => seq),
    );
  });
  await expect(done).resolves.toBeUndefined();
});

test("a bound key's events have the status of the deliveries that it sees, and are listed by it", async () => {
  const done = check(async ({ queries }, sight) => {
    const deliveries = Map.groupBy(
      (await queries.deliveries({ ...ALL, ...sight })).rows,
      (row) => row.event.seq,
    );
    const all = (await queries.events(ALL)).rows;
    const own = all.filter(({ address }) => sight.agents?.has(address.agentId) === true);
    const { rows } = await queries.events({ ...ALL, ...sight });
    const expected = own.map(({ seq }) => {
      const its = deliveries.get(seq) ?? [];
      const attempts = its.reduce((sum, one) => sum + one.attempts, 0);
      return [seq, worstStatus(its.map(({ status }) => status)) ?? "no_subscription", attempts];
    });
    expect(rows.map(({ seq, status, attempts }) => [seq, status, attempts])).toEqual(expected);
    const facets = await queries.eventFacets({ ...sight });
    expect(facets.total).toBe(own.length);
    for (const status of EVENT_STATUSES) {
      const listed = await queries.events({ ...ALL, ...sight, statuses: [status] });
      const having = own.filter(({ seq }) => {
        const its = deliveries.get(seq)?.map((one) => one.status) ?? ["no_subscription" as const];
        return its.includes(status);
      });
      expect(listed.rows.map(({ seq }) => seq)).toEqual(having.map(({ seq }) => seq));
      if (status === "no_subscription") continue;
      expect([status, facets.states.get(status) ?? 0]).toEqual([status, having.length]);
      const counted = await queries.eventFacets({ ...sight, statuses: [status] });
      expect([status, counted.total]).toEqual([status, having.length]);
    }
  });
  await expect(done).resolves.toBeUndefined();
});

test("a bound key's calls are those with events that it sees, over these events alone", async () => {
  const done = check(async ({ queries }, sight) => {
    const events = Map.groupBy(
      (await queries.events({ ...ALL, ...sight })).rows,
      ({ address }) => address.callId,
    );
    for (const callId of [undefined, "call"]) {
      const { rows } = await queries.calls({ ...ALL, ...sight, callId });
      expect(new Set(rows.map((row) => row.callId))).toEqual(new Set(events.keys()));
      for (const call of rows) {
        const its = events.get(call.callId) ?? [];
        expect(call).toMatchObject({
          events: its.length,
          attempts: its.reduce((sum, { attempts }) => sum + attempts, 0),
          status: worstStatus(its.map(({ status }) => status)),
          firstEventAtMs: Math.min(...its.map(({ storedAtMs }) => storedAtMs)),
        });
      }
    }
  });
  await expect(done).resolves.toBeUndefined();
});

test("what keys see that are bound to one agent each is together what all of them see, but for shared endpoints", async () => {
  const done = check(async ({ queries }) => {
    const of = async (query: object) => (await queries.deliveries({ ...ALL, ...query })).rows;
    const each = await Promise.all(AGENTS.map((agent) => of(sightOf([agent]))));
    const shared = [endpointId(2), endpointId(3), endpointId(4)];
    const all = (await of({})).filter((row) => !shared.includes(row.endpointId ?? ""));
    expect(bySeq(each.flat())).toEqual(bySeq(all));
  });
  await expect(done).resolves.toBeUndefined();
});

test("a key that is bound to many agents pages through what it sees, each row once", async () => {
  const done = check(async ({ queries }, sight) => {
    const all = (await queries.events({ ...ALL, ...sight })).rows.map(({ seq }) => seq);
    const paged: number[] = [];
    for (let after; ;) {
      const { rows, next } = await queries.events({ ...sight, limit: 2, after });
      paged.push(...rows.map(({ seq }) => seq));
      if (next === undefined) break;
      after = next;
    }
    expect(paged).toEqual(all);
  });
  await expect(done).resolves.toBeUndefined();
});
