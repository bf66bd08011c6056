import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { RowPosition } from "../projection.ts";

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
  /** The last row of the page before; undefined: this is the first page. */
  readonly after: RowPosition | undefined;
  readonly limit: number;
};

/**
 * Reads the positions of the first rows from the index of a table, in their order. The rows of one facet are in
 * order already, so the first of all come from merging the first of each: the database reads no other rows and
 * sorts nothing. The query of each further facet ends at the last row kept.
 */
export const positionsReader = (db: DatabaseSync) => {
  const prepared = new Map<string, StatementSync>();
  const statement = (sql: string): StatementSync => {
    const known = prepared.get(sql) ?? db.prepare(sql);
    prepared.set(sql, known);
    return known;
  };
  return (ranges: Ranges): RowPosition[] => {
    const { facets, value, order, limit } = ranges;
    const query = statement(positionsSql(ranges));
    const compare = order === "newest_first" ? newestFirst : oldestFirst;
    const own = ownValues(ranges);
    let kept: RowPosition[] = [];
    for (const facet of facets) {
      const last = kept.length < limit ? undefined : kept.at(-1);
      const rows = query.all(value, facet, ...own, ...boundsOf(ranges, last), limit);
      if (rows.length === 0) continue;
      const found = rows.map((row) => ({ seq: Number(row["seq"]), atMs: Number(row["at_ms"]) }));
      kept = [...kept, ...found].toSorted(compare).slice(0, limit);
    }
    return kept;
  };
};

type Shape = Pick<Ranges, "table" | "by" | "order" | "agent" | "customTypes">;

/** One range of an index, in its order; exported for the test of the query plan. */
export const positionsSql = ({ table, by, order, agent, customTypes }: Shape): string => {
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

/** The far end, and the position that all rows come after; `last` is the last row kept. */
const boundsOf = (
  { sinceMs, untilMs, after, order }: Ranges,
  last: RowPosition | undefined,
): [number, number, number] => {
  if (order === "newest_first") {
    const until = { atMs: untilMs, seq: 0 };
    const start = after !== undefined && newestFirst(until, after) < 0 ? after : until;
    return [Math.max(sinceMs, last?.atMs ?? sinceMs), start.atMs, start.seq];
  }
  const since = { atMs: sinceMs, seq: 0 };
  const start = after !== undefined && oldestFirst(since, after) < 0 ? after : since;
  return [Math.min(untilMs, (last?.atMs ?? untilMs) + 1), start.atMs, start.seq];
};

const newestFirst = (a: RowPosition, b: RowPosition): number => b.atMs - a.atMs || b.seq - a.seq;

const oldestFirst = (a: RowPosition, b: RowPosition): number => newestFirst(b, a);
