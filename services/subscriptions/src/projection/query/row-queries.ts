import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { RowPlace } from "../projection.ts";

export type IndexedTable = "events" | "attempts" | "dead_letters";

/** Which rows: those of one of these facets under one value of an index's first column. */
export type Ranges = {
  readonly table: IndexedTable;
  readonly by: "workspace" | "agent" | "call_hash";
  readonly value: number;
  readonly facets: readonly number[];
  /** Of rows whose types are not built in only these; undefined: all. */
  readonly customTypes?: readonly string[] | undefined;
  /** Of a call's rows only those of this workspace, as two calls may share a hash, and of this agent. */
  readonly workspace: number;
  readonly agent: number | undefined;
  readonly order: "newest_first" | "oldest_first";
  readonly sinceMs: number;
  readonly untilMs: number;
  /** What has been seen already; undefined: nothing. */
  readonly after: RowPlace | undefined;
  readonly limit: number;
};

export type RowQueries = {
  /** The places of the first rows in their order. */
  readonly places: (ranges: Ranges) => RowPlace[];
};

/**
 * Reads the index of a table. For one facet its rows are in order already, so the first of all are
 * merged from the first of each: no row is read that is not of the list, and nothing is sorted by the
 * database. Each further facet is only asked for rows that come before the last one kept.
 */
export const rowQueries = (db: DatabaseSync): RowQueries => {
  const prepared = new Map<string, StatementSync>();
  const statement = (sql: string): StatementSync => {
    const known = prepared.get(sql) ?? db.prepare(sql);
    prepared.set(sql, known);
    return known;
  };
  return {
    places: (ranges) => {
      const { facets, value, order, limit } = ranges;
      const query = statement(placesSql(ranges));
      const compare = order === "newest_first" ? newestFirst : oldestFirst;
      const own = ownValues(ranges);
      let kept: RowPlace[] = [];
      for (const facet of facets) {
        const last = kept.length < limit ? undefined : kept.at(-1);
        const bounds = boundsOf(ranges, last);
        const rows = query.all(value, facet, ...own, ...bounds, limit);
        if (rows.length === 0) continue;
        const found = rows.map((row) => ({ seq: Number(row["seq"]), atMs: Number(row["at_ms"]) }));
        kept = [...kept, ...found].toSorted(compare).slice(0, limit);
      }
      return kept;
    },
  };
};

type Shape = Pick<Ranges, "table" | "by" | "order" | "agent" | "customTypes">;

/** One range of an index, in its order; exported for the test that looks at how it is carried out. */
export const placesSql = ({ table, by, order, agent, customTypes }: Shape): string => {
  const index = `${table}_by_${by === "call_hash" ? "call" : by}`;
  // `+`: only compared; the index is the one that gives the order.
  const ofCall = by === "call_hash" ? " AND +workspace = ?" : "";
  const ofAgent = by === "call_hash" && agent !== undefined ? " AND +agent = ?" : "";
  // Types that are not built in share facets.
  const ofTypes =
    customTypes === undefined
      ? ""
      : " AND (custom IS NULL OR custom IN (SELECT value FROM json_each(?)))";
  const [bounds, direction] =
    order === "newest_first"
      ? ["at_ms >= ? AND (at_ms, seq) < (?, ?)", "DESC"]
      : ["at_ms < ? AND (at_ms, seq) > (?, ?)", "ASC"];
  return `SELECT seq, at_ms FROM ${table} INDEXED BY ${index}
    WHERE ${by} = ? AND facet = ?${ofCall}${ofAgent}${ofTypes} AND ${bounds}
    ORDER BY at_ms ${direction}, seq ${direction} LIMIT ?`;
};

const ownValues = ({ by, workspace, agent, customTypes }: Ranges): readonly (number | string)[] => {
  const types = customTypes === undefined ? [] : [JSON.stringify(customTypes)];
  if (by !== "call_hash") return types;
  return agent === undefined ? [workspace, ...types] : [workspace, agent, ...types];
};

/** The far end, and the place that all rows come after; `last` is the last row that is still of use. */
const boundsOf = (
  { sinceMs, untilMs, after, order }: Ranges,
  last: RowPlace | undefined,
): [number, number, number] => {
  if (order === "newest_first") {
    const until = { atMs: untilMs, seq: 0 };
    const place = after !== undefined && newestFirst(until, after) < 0 ? after : until;
    return [Math.max(sinceMs, last?.atMs ?? sinceMs), place.atMs, place.seq];
  }
  const since = { atMs: sinceMs, seq: 0 };
  const place = after !== undefined && oldestFirst(since, after) < 0 ? after : since;
  return [Math.min(untilMs, (last?.atMs ?? untilMs) + 1), place.atMs, place.seq];
};

const newestFirst = (a: RowPlace, b: RowPlace): number => b.atMs - a.atMs || b.seq - a.seq;

const oldestFirst = (a: RowPlace, b: RowPlace): number => newestFirst(b, a);
