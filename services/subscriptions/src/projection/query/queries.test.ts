import { Buffer } from "node:buffer";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { FAILURE_REASONS, type AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { DEAD_LETTER_REASONS } from "@ringback/contracts/deliveries/dead-letter";
import { EVENT_STATUSES } from "@ringback/contracts/deliveries/event-status";
import { EVENT_TYPES } from "@ringback/contracts/events/event-types";
import { eventId } from "@ringback/contracts/events/event";
import { createdAt } from "@ringback/contracts/streams/stream-origin";
import {
  attemptSubject,
  deadLetterSubject,
  eventSubject,
} from "@ringback/contracts/streams/subjects";
import { expect, test } from "vitest";
import { attemptRecord, eventFields } from "../../../../../test/harness/fixtures/records.ts";
import { queriesOn } from "./queries.ts";
import { streamAppliers } from "../apply/appliers.ts";
import { destinationDropper, keepDestination } from "../apply/destinations.ts";
import { attemptFacets, eventFacets } from "../file/facets.ts";
import { idsIn } from "../file/ids.ts";
import type { AttemptsQuery, EventsQuery, RowPosition, RowsPage } from "../projection.ts";
import { indexOf, positionsReader, positionsSql } from "./row-queries.ts";
import { SCHEMA } from "../file/schema.ts";
import { unresolvedEvents } from "../apply/unresolved-events.ts";

const CREATED_MS = 1_700_000_000_000;

const message = (subject: string, seq: number, atMs: number, body: object) => ({
  subject,
  seq,
  atMs,
  data: Buffer.from(JSON.stringify(body)),
  header: (name: string) => (name === "Nats-Msg-Size" ? "100" : ""),
});

/** An index in memory, and what is stored in its streams. */
const emptyIndex = () => {
  const db = new DatabaseSync(":memory:");
  db.exec(SCHEMA);
  const ids = idsIn(db);
  const apply = streamAppliers({ db, ids, eventsOrigin: createdAt(CREATED_MS) });
  return {
    db,
    queries: queriesOn(db, ids),
    unresolved: unresolvedEvents(db, 100),
    event: (event: Event) => apply.events(message(eventSubject(event), event.seq, event.atMs, {})),
    attempt: (event: Event, seq: number, made: Made) => {
      const subject = attemptSubject(event, String(event.seq));
      return apply.attempts(message(subject, seq, made.atMs, recordOf(event, made)));
    },
    deadLetter: (event: Event, seq: number, atMs: number, reason = "event_expired") =>
      apply.dead_letters(
        message(deadLetterSubject(event), seq, atMs, {
          ...partsOf(event),
          reason,
          at: new Date(atMs).toISOString(),
          message: "",
          ...(reason === "invalid_event" ? { subject: "", raw: "", truncated: false } : {}),
        }),
      ),
  };
};

type Event = {
  readonly seq: number;
  readonly atMs: number;
  readonly workspaceId: string;
  readonly callId: string;
  readonly agentId: string;
  readonly eventType: string;
};
type Made = Pick<AttemptRecord, "outcome" | "next" | "request"> & { readonly atMs: number };

const partsOf = ({ seq, ...address }: Event) =>
  eventFields({ id: eventId(createdAt(CREATED_MS), seq), seq, address });

const recordOf = (event: Event, { atMs, ...made }: Made): AttemptRecord => {
  const record = attemptRecord({ ...partsOf(event), at: new Date(atMs).toISOString(), ...made });
  if (made.outcome.kind !== "cancelled") return record;
  const { request: _nothingWasSent, ...rest } = record;
  return rest;
};

/** The same numbers each time, so that what fails once fails again. */
const sequence = (): ((below: number) => number) => {
  let state = 42;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
};

const NOW_MS = 1_750_000_000_000;
const DONE = { kind: "done" } as const;

/** 300 events of two workspaces that have an agent and calls of the same name, with what came of them. */
const filled = () => {
  const index = emptyIndex();
  const next = sequence();
  const attempts: (Event & { readonly result: string; readonly attemptSeq: number })[] = [];
  const deadLetters: Event[] = [];
  const events = Array.from({ length: 300 }, (_, n): Event => {
    const event: Event = {
      seq: n + 1,
      atMs: NOW_MS + Math.floor(n / 3) * 1_000, // some at the same time
      workspaceId: `w${next(2)}`,
      callId: `c${next(12)}`,
      agentId: `a${next(3)}`,
      eventType: EVENT_TYPES[next(EVENT_TYPES.length)] ?? "call_completed",
    };
    index.event(event);
    return event;
  });
  for (const event of events) {
    const kind = next(4);
    if (kind === 0) continue;
    const reason = FAILURE_REASONS[next(FAILURE_REASONS.length)] ?? "timeout";
    const outcome =
      kind === 1
        ? ({ kind: "delivered", status_code: 200 } as const)
        : ({ kind: "failed", reason } as const);
    const atMs = event.atMs + next(5_000);
    const attemptSeq = attempts.length + 1;
    const then = kind === 1 ? DONE : ({ kind: "dead_letter" } as const);
    index.attempt(event, attemptSeq, { outcome, next: then, atMs });
    const result = kind === 1 ? "delivered" : reason;
    attempts.push({ ...event, atMs, attemptSeq, result });
    if (kind === 3) {
      deadLetters.push({ ...event, atMs });
      index.deadLetter(event, deadLetters.length, atMs, "exhausted");
    }
  }
  return { ...index, events, attempts, deadLetters };
};

/** Everything that a list gives, page by page. */
const allPages = async <Row extends { readonly seq: number }>(
  page: (after: RowPosition | undefined) => Promise<RowsPage<Row>>,
): Promise<number[]> => {
  const seqs: number[] = [];
  for (let after: RowPosition | undefined; ;) {
    const { rows, next } = await page(after);
    seqs.push(...rows.map(({ seq }) => seq));
    if (next === undefined) return seqs;
    after = next;
  }
};

const newestFirst = (rows: readonly { readonly atMs: number; readonly seq: number }[]): number[] =>
  rows.toSorted((a, b) => b.atMs - a.atMs || b.seq - a.seq).map(({ seq }) => seq);

/** Undefined: all are wanted. */
const isOneOf = (wanted: readonly string[] | undefined, value: string): boolean =>
  wanted === undefined || wanted.includes(value);

const isWanted = (query: Partial<EventsQuery>, event: Event): boolean =>
  [undefined, event.agentId].includes(query.agentId) &&
  [undefined, event.callId].includes(query.callId) &&
  isOneOf(query.eventTypes, event.eventType) &&
  event.atMs >= (query.sinceMs ?? 0) &&
  event.atMs < (query.untilMs ?? Infinity);

const SOME_TYPES = ["recording_completed", "call_completed", "call_started"];

const FILTERS: Partial<EventsQuery>[] = [{}, { agentId: "a1" }, { callId: "c3" }].flatMap((who) =>
  [{}, { eventTypes: ["recording_completed"] }].flatMap((type) =>
    [{}, { sinceMs: NOW_MS + 20_000, untilMs: NOW_MS + 70_000 }].map((span) => ({
      ...who,
      ...type,
      ...span,
    })),
  ),
);
FILTERS.push({ eventTypes: SOME_TYPES }, { agentId: "a1", eventTypes: SOME_TYPES });
FILTERS.push({ agentId: "a1", callId: "c3" }, { agentId: "nobody" }, { callId: "none" });

test.each(FILTERS)(
  "lists narrowed by %j have all that fits, and nothing else, in pages",
  async (filter) => {
    const { queries, events, attempts, deadLetters } = filled();
    for (const workspaceId of ["w0", "w1", "w9"]) {
      const own = <T extends Event>(rows: readonly T[]): T[] =>
        rows.filter((row) => row.workspaceId === workspaceId && isWanted(filter, row));
      const query = { workspaceId, ...filter, limit: 3 };
      const listed = await allPages((after) => queries.events({ ...query, after }));
      expect(listed).toEqual(newestFirst(own(events)));
      const attempted = await allPages((after) => queries.attempts({ ...query, after }));
      const ofAttempts = own(attempts).map(({ atMs, attemptSeq: seq }) => ({ atMs, seq }));
      expect(attempted).toEqual(newestFirst(ofAttempts));
      const given = await allPages((after) => queries.deadLetters({ ...query, after }));
      const all = deadLetters.map((deadLetter, n) => ({ ...deadLetter, seq: n + 1 }));
      expect(given).toEqual(newestFirst(own(all)));
    }
  },
);

test.each(EVENT_STATUSES)("the status %s lists those events that have it", async (status) => {
  const { queries, events } = filled();
  const all = (await queries.events({ workspaceId: "w0", limit: 1_000 })).rows;
  expect(all).toHaveLength(events.filter(({ workspaceId }) => workspaceId === "w0").length);
  const query = { workspaceId: "w0", statuses: [status], limit: 4 };
  const listed = await allPages((after) => queries.events({ ...query, after }));
  expect(listed).toEqual(all.filter((row) => row.status === status).map(({ seq }) => seq));
});

test.each<Partial<AttemptsQuery>>([
  { outcomes: ["delivered"] },
  { outcomes: ["failed"] },
  { outcomes: ["cancelled"] },
  { outcomes: ["delivered", "failed"] },
  { reasons: ["timeout"] },
  { reasons: ["timeout", "dns", "tls"] },
  { reasons: ["timeout"], outcomes: ["failed"], agentId: "a2" },
  { reasons: ["timeout", "status"], outcomes: ["delivered", "failed"] },
  { reasons: ["timeout"], outcomes: ["delivered"] },
])("attempts with %j are those", async (filter) => {
  const { queries, attempts } = filled();
  const expected = attempts
    .filter(({ workspaceId, agentId, result }) => {
      const outcome = result === "delivered" ? "delivered" : "failed";
      return (
        workspaceId === "w1" &&
        [undefined, agentId].includes(filter.agentId) &&
        isOneOf(filter.outcomes, outcome) &&
        isOneOf(filter.reasons, result)
      );
    })
    .map(({ atMs, attemptSeq: seq }) => ({ atMs, seq }));
  const query = { workspaceId: "w1", ...filter, limit: 5 };
  const listed = await allPages((after) => queries.attempts({ ...query, after }));
  expect(listed).toEqual(newestFirst(expected));
});

test("pages stay together while rows come in: none comes twice, none is missing", async () => {
  const { queries, events, event } = filled();
  const before = newestFirst(events.filter(({ workspaceId }) => workspaceId === "w0"));
  let seq = events.length;
  const listed = await allPages((after) => {
    seq += 1;
    event({ ...events[0]!, workspaceId: "w0", seq, atMs: NOW_MS + 1_000_000 + seq });
    return queries.events({ workspaceId: "w0", limit: 7, after });
  });
  expect(listed.filter((one) => one <= events.length)).toEqual(before);
  expect(new Set(listed).size).toBe(listed.length);
});

const SHAPES = [
  ...(["events", "attempts", "dead_letters", "deliveries"] as const).map((table) => ({
    table,
    rows: "all" as const,
  })),
  { table: "deliveries", rows: "events" } as const,
].flatMap((what) =>
  (["workspace", "agent", "call_hash", "endpoint"] as const)
    .filter((by) => by !== "endpoint" || what.table !== "events")
    .flatMap((by) =>
      (["newest_first", "oldest_first"] as const).flatMap((order) =>
        [undefined, 1].flatMap((agent) =>
          [undefined, ["kyc_done", "kyc_begun"]].map((customTypes) => {
            const endpoint = by === "call_hash" && what.table !== "events" ? agent : undefined;
            return { ...what, by, order, agent, endpoint, customTypes };
          }),
        ),
      ),
    ),
);

test.each(SHAPES)("%j is one range of one index, in its order", ({ order, ...shape }) => {
  const { db } = emptyIndex();
  const sql = positionsSql(shape, order);
  const values = Array.from({ length: sql.split("?").length - 1 }, () => 1);
  const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
  const keys =
    shape.by === "endpoint" && shape.agent !== undefined ? ["endpoint", "agent"] : [shape.by];
  const equal = [...keys, "facet"].map((key) => `${key}=\\?`).join(" AND ");
  const bound = String.raw`(?:at_ms[<>]\?|\(at_ms,event_seq(?:,endpoint)?\)[<>]\(\?,\?(?:,\?)?\))`;
  const range = new RegExp(
    `^SEARCH ${shape.table} USING (COVERING )?INDEX ${indexOf(shape)} \\(${equal} AND ${bound} AND ${bound}\\)$`,
  );
  // The types that are not built in are a list in memory.
  const list = /^(?:LIST SUBQUERY|SCAN json_each|CREATE BLOOM FILTER)/;
  const steps = plan.map(({ detail }) => String(detail)).filter((step) => !list.test(step));
  expect(steps).toEqual([expect.stringMatching(range)]);
});

test("several values are merged: a page reads no more than its own rows from the range of each", async () => {
  const { db, queries } = filled();
  const read: number[] = [];
  const prepare = (sql: string) => {
    const statement = db.prepare(sql);
    const all = (...values: SQLInputValue[]) => {
      const rows = statement.all(...values);
      read.push(rows.length);
      return rows;
    };
    return { all };
  };
  const positions = positionsReader({ prepare } as unknown as DatabaseSync);
  const query = { workspaceId: "w0", statuses: ["delivered", "dead_lettered", "failed"] } as const;
  const facets = eventFacets(query);
  const workspace = idsIn(db).workspace("w0") ?? 0;
  const under = { by: "workspace", value: workspace, workspace } as const;
  const events = { table: "events", rows: "all", facets, ...under } as const;
  const found = positions([{ ...events, agent: undefined, endpoint: undefined }], {
    order: "newest_first",
    sinceMs: 0,
    untilMs: NOW_MS * 2,
    after: undefined,
    limit: 5,
  });
  const { rows } = await queries.events({ ...query, limit: 5 });
  expect(found.map(({ seq }) => seq)).toEqual(rows.map(({ seq }) => seq));
  expect(read).toHaveLength(facets.length);
  expect(Math.max(...read)).toBeLessThanOrEqual(5);
});

test("a job selects oldest first, of what has ended and of no other workspace or type", async () => {
  const { queries, events } = filled();
  const selection = {
    workspaceId: "w0",
    eventTypes: ["call_completed", "recording_completed"] as const,
    sinceMs: 0,
    untilMs: NOW_MS + 80_000,
    status: "dead_lettered",
    limit: 4,
  } as const;
  const selected: number[] = [];
  for (let after: RowPosition | undefined; ;) {
    const rows = await queries.selectForRedelivery({ ...selection, after });
    const last = rows.at(-1);
    if (last === undefined) break;
    selected.push(...rows.map(({ seq }) => seq));
    after = { atMs: last.storedAtMs, seq: last.seq };
  }
  const all = (
    await queries.events({ workspaceId: "w0", statuses: ["dead_lettered"], limit: 1_000 })
  ).rows;
  const expected = all
    .filter(({ address, storedAtMs }) => {
      const types: readonly string[] = selection.eventTypes;
      return types.includes(address.eventType) && storedAtMs < selection.untilMs;
    })
    .map(({ seq }) => seq)
    .toReversed();
  expect(events.length).toBeGreaterThan(0);
  expect(expected.length).toBeGreaterThan(5);
  expect(selected).toEqual(expected);
});

const EVENT: Event = {
  seq: 7,
  atMs: NOW_MS,
  workspaceId: "w1",
  callId: "c1",
  agentId: "a1",
  eventType: "call_completed",
};
const RETRY = { kind: "retry", at: new Date(NOW_MS + 60_000).toISOString() } as const;
const FAILED = { kind: "failed", reason: "timeout" } as const;

const STEPS = {
  event: (index: ReturnType<typeof emptyIndex>) => index.event(EVENT),
  failed: (index: ReturnType<typeof emptyIndex>) =>
    index.attempt(EVENT, 1, { outcome: FAILED, next: RETRY, atMs: NOW_MS + 1_000 }),
  expired: (index: ReturnType<typeof emptyIndex>) => index.deadLetter(EVENT, 1, NOW_MS + 61_000),
} as const;
const ORDERS = [
  ["event", "failed", "expired"],
  ["failed", "event", "expired"],
  ["expired", "failed", "event"],
  ["failed", "expired", "event"],
] as const;

test.each(ORDERS)("streams may be applied in any order: %s, %s, %s", async (...steps) => {
  const index = emptyIndex();
  for (const step of steps) STEPS[step](index);
  const { rows } = await index.queries.events({ workspaceId: "w1", limit: 10 });
  expect(rows).toMatchObject([
    { seq: 7, storedAtMs: NOW_MS, sizeBytes: 100, status: "dead_lettered", attempts: 1 },
  ]);
});

test("an event of which only a record has come is in no list", async () => {
  const index = emptyIndex();
  STEPS.failed(index);
  const query = { workspaceId: "w1", limit: 10 };
  expect((await index.queries.events(query)).rows).toEqual([]);
  expect((await index.queries.attempts(query)).rows).toHaveLength(1);
});

test("what is under another workspace's subject changes no event", async () => {
  const index = emptyIndex();
  index.event(EVENT);
  const delivered = {
    outcome: { kind: "delivered", status_code: 200 },
    next: DONE,
    atMs: NOW_MS,
  } as const;
  index.attempt({ ...EVENT, workspaceId: "w2" }, 1, delivered);
  const { rows } = await index.queries.events({ workspaceId: "w1", limit: 10 });
  expect(rows).toMatchObject([{ status: "pending", attempts: 0 }]);
});

const to = (url: string) => ({ method: "POST", url }) as const;

test("an event has the status code of its last attempt, and where it was last sent", async () => {
  const index = emptyIndex();
  const shown = async () => {
    const { rows } = await index.queries.events({ workspaceId: "w1", limit: 10 });
    return rows.map(({ lastStatusCode, destination }) => [lastStatusCode, destination]);
  };
  index.event(EVENT);
  expect(await shown()).toEqual([[undefined, undefined]]);
  const refused = { ...FAILED, reason: "status", status_code: 503 } as const;
  const [first, second] = ["https://a.example.com/1", "https://a.example.com/2"] as const;
  index.attempt(EVENT, 1, { outcome: refused, next: RETRY, atMs: NOW_MS, request: to(first) });
  expect(await shown()).toEqual([[503, first]]);
  index.attempt(EVENT, 2, { outcome: FAILED, next: RETRY, atMs: NOW_MS + 1, request: to(second) });
  expect(await shown()).toEqual([[undefined, second]]);
  const cancelled = { kind: "cancelled" } as const;
  index.attempt(EVENT, 3, { outcome: cancelled, next: DONE, atMs: NOW_MS + 2 });
  expect(await shown()).toEqual([[undefined, second]]);
});

test("a destination is dropped once all events that went there are", async () => {
  const { db } = emptyIndex();
  const keep = keepDestination(db);
  const drop = destinationDropper(db);
  const [first, second] = [keep("https://a.example.com/1", 1), keep("https://a.example.com/2", 2)];
  expect(keep("https://a.example.com/1", 7)).toBe(first);
  const left = () => db.prepare("SELECT id FROM destinations ORDER BY id").all();
  expect(drop(2)).toBe(false);
  expect(left()).toMatchObject([{ id: first }, { id: second }]);
  drop(7);
  expect(left()).toMatchObject([{ id: first }]);
  drop(8);
  expect(left()).toEqual([]);
});

test("once delivered, an event stays delivered, whatever comes of a redelivery", async () => {
  const index = emptyIndex();
  index.event(EVENT);
  const delivered = { kind: "delivered", status_code: 200 } as const;
  index.attempt(EVENT, 1, { outcome: delivered, next: DONE, atMs: NOW_MS });
  const given = { kind: "dead_letter" } as const;
  index.attempt(EVENT, 2, { outcome: FAILED, next: given, atMs: NOW_MS + 1 });
  index.deadLetter(EVENT, 1, NOW_MS + 100, "exhausted");
  const { rows } = await index.queries.events({ workspaceId: "w1", limit: 10 });
  expect(rows).toMatchObject([{ status: "delivered", attempts: 2 }]);
});

test("a dead letter of what could not be understood is its workspace's, with an unknown type too", async () => {
  const index = emptyIndex();
  const unknown = { ...EVENT, eventType: "_" as "call_completed" };
  index.deadLetter(unknown, 1, NOW_MS, "invalid_event");
  const query = { workspaceId: "w1", limit: 10 };
  expect((await index.queries.deadLetters(query)).rows).toHaveLength(1);
  for (const reason of DEAD_LETTER_REASONS) {
    const { rows } = await index.queries.deadLetters({ ...query, reasons: [reason] });
    expect([reason, rows.length]).toEqual([reason, reason === "invalid_event" ? 1 : 0]);
  }
});

test("only events without a record are unresolved, and those that are to be checked later are not read again at once", () => {
  const index = emptyIndex();
  for (const seq of [1, 2, 3, 4]) index.event({ ...EVENT, seq });
  index.attempt({ ...EVENT, seq: 2 }, 1, { outcome: FAILED, next: RETRY, atMs: NOW_MS });
  const read = (after: number, upTo: number) =>
    index.unresolved.read({ after, upTo }, NOW_MS).events.map(({ seq }) => seq);
  expect(read(0, 3)).toEqual([1, 3]);
  expect(read(1, 4)).toEqual([3, 4]);
  const events = [{ seq: 1 }, { seq: 2 }, { seq: 3 }];
  index.unresolved.checked(events, new Set([1, 2]), NOW_MS);
  expect(read(0, 4)).toEqual([4]);
  expect(index.unresolved.read({ after: 0, upTo: 4 }, NOW_MS + 5_000).events).toMatchObject([
    { seq: 3, workspaceId: "w1", agentId: "a1" },
    { seq: 4 },
  ]);
});

test("a reason is asked for of failed attempts only", () => {
  const query = { workspaceId: "w1", limit: 1, reasons: ["dns"] } as const;
  expect(attemptFacets({ ...query, outcomes: ["delivered"] })).toEqual([]);
  expect(attemptFacets({ ...query, outcomes: ["failed"] })).toEqual(attemptFacets(query));
  const both = attemptFacets({ ...query, outcomes: ["delivered", "failed"] });
  expect(both).toEqual(attemptFacets(query));
});
