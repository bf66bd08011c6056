import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { DeliveryPosition } from "../projection.ts";

/** What a caller sees that is bound to agents, by the index's numbers. */
export type Seen = {
  readonly agents: readonly number[];
  /** 0 among them: deliveries to agents' subscriptions. */
  readonly endpoints: readonly number[];
};

export type IndexedTable = "events" | "attempts" | "dead_letters" | "deliveries";

/** Which rows: those of one of these facets under one value of an index's first column. */
export type Ranges = {
  readonly table: IndexedTable;
  /** Of deliveries: those rows, or the event of each once. */
  readonly rows: "all" | "events";
  readonly by: "workspace" | "agent" | "agent_alone" | "call_hash" | "endpoint";
  readonly value: number;
  readonly facets: readonly number[];
  /** Of rows whose types are not built in only these; undefined: all. */
  readonly customTypes?: readonly string[] | undefined;
  /** Of a call's or endpoint's rows only those of this workspace, as two may share a hash. */
  readonly workspace: number;
  readonly agent: number | undefined;
  readonly endpoint: number | undefined;
  /** Of a call's rows only what is seen. */
  readonly seen?: Seen | undefined;
  /** Other ranges of the same query, which have the same events: those at these endpoints, of these facets. */
  readonly before?: { readonly endpoints: readonly number[]; readonly facets: readonly number[] };
};

/** A part of all rows of some ranges, in one order. */
export type Part = {
  readonly order: "newest_first" | "oldest_first";
  readonly sinceMs: number;
  readonly untilMs: number;
  /** The last row of the page before; undefined: this is the first page. */
  readonly after: DeliveryPosition | undefined;
  readonly limit: number;
};

/**
 * Reads the positions of the first rows from indexes, in their order. The rows of one facet are in order already, so the first
 * of all come from merging the first of each: the database reads no other rows and sorts nothing. The query of each
 * further facet ends at the last row kept.
 */
export const positionsReader = (db: DatabaseSync) => {
  const prepared = new Map<string, StatementSync>();
  const statement = (sql: string): StatementSync => {
    const known = prepared.get(sql) ?? db.prepare(sql);
    prepared.set(sql, known);
    return known;
  };
  return (all: readonly Ranges[], part: Part): DeliveryPosition[] => {
    const { order, limit } = part;
    const compare = order === "newest_first" ? newestFirst : oldestFirst;
    let kept: DeliveryPosition[] = [];
    for (const ranges of all) {
      const query = statement(positionsSql(ranges, order));
      const own = ownValues(ranges);
      for (const facet of ranges.facets) {
        const last = kept.length < limit ? undefined : kept.at(-1);
        const rows = query.all(...own, facet, ...boundsOf(ranges, part, last), limit);
        if (rows.length > 0) kept = merged(kept, rows.map(positionIn), compare).slice(0, limit);
      }
    }
    return kept;
  };
};

type Compare = (a: DeliveryPosition, b: DeliveryPosition) => number;

const positionIn = (row: Readonly<Record<string, unknown>>): DeliveryPosition => ({
  seq: Number(row["seq"]),
  atMs: Number(row["at_ms"]),
  endpoint: Number(row["endpoint"]),
});

/** In their order, each once: an event may have deliveries of several statuses. */
const merged = (
  kept: readonly DeliveryPosition[],
  found: readonly DeliveryPosition[],
  compare: Compare,
): DeliveryPosition[] =>
  [...kept, ...found]
    .toSorted(compare)
    .filter((one, n, sorted) => n === 0 || compare(sorted[n - 1] ?? one, one) !== 0);

type Shape = Pick<Ranges, "table" | "rows" | "by" | "agent" | "endpoint" | "customTypes" | "seen">;

const INDEX_ENDS = {
  workspace: "workspace",
  agent: "agent",
  agent_alone: "agent_alone",
  call_hash: "call",
  endpoint: "endpoint",
} as const;

/** The index that a shape is read from; exported for the test of the query plan. */
export const indexOf = ({ table, by, agent }: Shape): string => {
  const ofAgent = by === "endpoint" && agent !== undefined ? "_agent" : "";
  return `${table}_by_${INDEX_ENDS[by]}${ofAgent}`;
};

/** One range of an index, in its order; exported for the test of the query plan. */
export const positionsSql = (shape: Shape, order: Part["order"]): string => {
  const { table, rows } = shape;
  const keys = keysOf(shape);
  const marks = keys.map(() => "?").join(", ");
  const [bounds, direction] =
    order === "newest_first"
      ? [`at_ms >= ? AND (${keys.join(", ")}) < (${marks})`, "DESC"]
      : [`at_ms < ? AND (${keys.join(", ")}) > (${marks})`, "ASC"];
  const seq = table === "deliveries" ? "event_seq AS seq" : "seq";
  const last = table === "deliveries" && rows === "all" ? "endpoint" : "0 AS endpoint";
  // Deliveries of one event are next to each other: grouping them needs no memory.
  const once = rows === "events" ? ` GROUP BY ${keys.join(", ")}` : "";
  return `SELECT at_ms, ${seq}, ${last} ${rangeSql(shape)} AND ${bounds}${once}
    ORDER BY ${keys.map((key) => `${key} ${direction}`).join(", ")} LIMIT ?`;
};

/** The rows of one facet under one value of an index; its values are `ownValues` and the facet. */
export const rangeSql = (shape: Shape): string => {
  const { table, by, agent, endpoint, customTypes, seen } = shape;
  const column = by === "agent_alone" ? "agent" : by;
  const first = [column, ...(by === "endpoint" && agent !== undefined ? ["agent"] : [])];
  const conditions = [
    ...first.map((key) => `${key} = ?`),
    // `+`: only compared; the index is the one that gives the order.
    ...(isHashed(by) ? ["+workspace = ?"] : []),
    ...(by === "call_hash" && agent !== undefined ? ["+agent = ?"] : []),
    ...(by === "call_hash" && endpoint !== undefined ? ["+endpoint = ?"] : []),
    ...(by === "agent_alone" ? ["endpoint IS NULL"] : []),
    ...(seen === undefined ? [] : seenConditions(table)),
    // Types that are not built in share facets.
    ...(customTypes === undefined
      ? []
      : ["(custom IS NULL OR custom IN (SELECT value FROM json_each(?)))"]),
    "facet = ?",
  ];
  return `FROM ${table} INDEXED BY ${indexOf(shape)} WHERE ${conditions.join(" AND ")}`;
};

const seenConditions = (table: IndexedTable): readonly string[] =>
  ["+agent", ...(table === "events" ? [] : ["coalesce(endpoint, 0)"])].map(
    (value) => `${value} IN (SELECT value FROM json_each(?))`,
  );

const isHashed = (by: Ranges["by"]): boolean => by === "call_hash" || by === "endpoint";

/** What rows of one facet are ordered by. */
export const keysOf = ({ table, rows }: Shape): readonly string[] => {
  if (table !== "deliveries") return ["at_ms", "seq"];
  return rows === "events" ? ["at_ms", "event_seq"] : ["at_ms", "event_seq", "endpoint"];
};

/** The values of all conditions before the facet's. */
export const ownValues = (ranges: Ranges): readonly (number | string)[] => {
  const { table, by, value, workspace, agent, endpoint, customTypes, seen } = ranges;
  const values = {
    agent: agent === undefined ? [] : [agent],
    endpoint: endpoint === undefined ? [] : [endpoint],
  };
  return [
    value,
    ...(by === "endpoint" ? values.agent : []),
    ...(isHashed(by) ? [workspace] : []),
    ...(by === "call_hash" ? [...values.agent, ...values.endpoint] : []),
    ...(seen === undefined ? [] : [JSON.stringify(seen.agents)]),
    ...(seen === undefined || table === "events" ? [] : [JSON.stringify(seen.endpoints)]),
    ...(customTypes === undefined ? [] : [JSON.stringify(customTypes)]),
  ];
};

/** The far end, and the position that all rows come after; `last` is the last row kept. */
const boundsOf = (
  shape: Shape,
  { sinceMs, untilMs, after, order }: Part,
  last: DeliveryPosition | undefined,
): number[] => {
  const of = ({ atMs, seq, endpoint }: DeliveryPosition): number[] =>
    [atMs, seq, endpoint].slice(0, keysOf(shape).length);
  if (order === "newest_first") {
    const until = { atMs: untilMs, seq: 0, endpoint: 0 };
    const start = after !== undefined && newestFirst(until, after) < 0 ? after : until;
    return [Math.max(sinceMs, last?.atMs ?? sinceMs), ...of(start)];
  }
  const since = { atMs: sinceMs, seq: 0, endpoint: 0 };
  const start = after !== undefined && oldestFirst(since, after) < 0 ? after : since;
  return [Math.min(untilMs, (last?.atMs ?? untilMs) + 1), ...of(start)];
};

const newestFirst: Compare = (a, b) => b.atMs - a.atMs || b.seq - a.seq || b.endpoint - a.endpoint;

const oldestFirst: Compare = (a, b) => newestFirst(b, a);
