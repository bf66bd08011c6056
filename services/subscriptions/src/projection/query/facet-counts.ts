import type { DatabaseSync, StatementSync } from "node:sqlite";
import { setImmediate as nextTick } from "node:timers/promises";
import { keysOf, ownValues, positionsSql, rangeSql, type Ranges } from "./row-queries.ts";

/** Some rows of one facet that have the same in all columns that are counted by. */
export type Cell = {
  readonly facet: number;
  readonly agent: number;
  readonly endpoint: number | null;
  readonly custom: string | null;
  readonly count: number;
};

export type CountBy = {
  /** What is counted: rows, or the different events of deliveries. */
  readonly what: "rows" | "events";
  /** What cells differ by, beside their facet. */
  readonly by: readonly ("agent" | "endpoint" | "custom")[];
  /** Leave out events that have a delivery of an earlier facet of the ranges. */
  readonly once?: boolean;
};

type Span = { readonly sinceMs: number; readonly untilMs: number };

export type Cells = { readonly cells: readonly Cell[]; readonly isPartial: boolean };

/** Rows that are counted at once; then the event loop goes on. */
const ROWS_PER_TICK = 2_000;
const MAX_ROWS = 100_000;

/** Where the rows of one facet that are not counted yet begin, newest first. */
type Cursor = { readonly ranges: Ranges; readonly facet: number; next: readonly number[] };

/**
 * Counts rows of ranges by columns. Of very many rows it counts the newest: slice after slice of that facet which has the
 * newest rows left.
 */
export const cellCounter = (db: DatabaseSync) => {
  const { rowAfter, cellsOf } = slicesOf(db);
  return async (all: readonly Ranges[], span: Span, counted: CountBy): Promise<Cells> => {
    const query = { span, counted };
    const bounds = { sinceMs: span.sinceMs, skip: 0 };
    const cursors = all.flatMap((ranges) =>
      ranges.facets.flatMap((facet): Cursor[] => {
        const start = keysOf(ranges).map((_, n) => (n === 0 ? span.untilMs : SMALLEST));
        const next = rowAfter(ranges, facet, start, bounds);
        return next === undefined ? [] : [{ ranges, facet, next }];
      }),
    );
    const cells: Cell[] = [];
    let seen = 0;
    while (cursors.length > 0 && seen < MAX_ROWS) {
      const cursor = cursors.reduce(newer);
      // The first row itself is none of those that come after it.
      const skip = ROWS_PER_TICK - 1;
      const end = rowAfter(cursor.ranges, cursor.facet, cursor.next, { ...bounds, skip });
      cells.push(...cellsOf(cursor, end, query));
      seen += ROWS_PER_TICK;
      if (end === undefined) cursors.splice(cursors.indexOf(cursor), 1);
      else cursor.next = end;
      await nextTick();
    }
    return { cells, isPartial: cursors.length > 0 };
  };
};

/** Reads slices of the rows of one facet. */
const slicesOf = (db: DatabaseSync) => {
  const prepared = new Map<string, StatementSync>();
  const statement = (sql: string): StatementSync => {
    const known = prepared.get(sql) ?? db.prepare(sql);
    prepared.set(sql, known);
    return known;
  };
  return {
    /** The row after so many others; undefined: there are no more. */
    rowAfter: (
      ranges: Ranges,
      facet: number,
      from: readonly number[],
      { sinceMs, skip }: Bounds,
    ): number[] | undefined => {
      const sql = `${positionsSql(ranges, "newest_first")} OFFSET ?`;
      const row = statement(sql).get(...ownValues(ranges), facet, sinceMs, ...from, 1, skip);
      if (row === undefined) return undefined;
      const keys = [row["at_ms"], row["seq"], row["endpoint"]].map(Number);
      return keys.slice(0, keysOf(ranges).length);
    },
    /** The rows from a cursor on, as far as a row that is not counted with them. */
    cellsOf: (cursor: Cursor, end: readonly number[] | undefined, query: Query): Cell[] => {
      const { ranges, facet, next } = cursor;
      const isOnce = query.counted.once === true && isRepeated(ranges);
      const earlier = ranges.facets.slice(0, ranges.facets.indexOf(facet));
      const sql = cellsSql(ranges, query.counted, { isOnce, isLast: end === undefined });
      const values = [
        ...ownValues(ranges),
        facet,
        end?.[0] ?? query.span.sinceMs,
        ...next,
        ...(end ?? []),
        ...(isOnce ? [JSON.stringify(earlier)] : []),
        ...beforeValues(ranges, facet, query.counted),
      ];
      return statement(sql)
        .all(...values)
        .map((row) => cellIn(row, facet));
    },
  };
};

/** An event has one delivery to an endpoint, and may have several without that filter. */
const isRepeated = ({ table, endpoint }: Ranges): boolean =>
  table === "deliveries" && endpoint === undefined;

/** Of several endpoints, an event counts at the first of them where it is to be counted. */
const beforeIn = ({ table, before }: Ranges, { what }: CountBy) =>
  table === "deliveries" && what === "events" && before !== undefined && before.endpoints.length > 0
    ? before
    : undefined;

const beforeValues = (ranges: Ranges, facet: number, counted: CountBy): string[] => {
  const before = beforeIn(ranges, counted);
  if (before === undefined) return [];
  const facets = counted.once === true ? before.facets : [facet];
  return [JSON.stringify(before.endpoints), JSON.stringify(facets)];
};

const NOT_AT_ENDPOINTS = `NOT EXISTS (SELECT 1 FROM deliveries AS other WHERE other.event_seq = deliveries.event_seq
  AND other.endpoint IN (SELECT value FROM json_each(?)) AND other.facet IN (SELECT value FROM json_each(?)))`;

const cellsSql = (
  ranges: Ranges,
  counted: CountBy,
  { isOnce, isLast }: { readonly isOnce: boolean; readonly isLast: boolean },
): string => {
  const { what, by } = counted;
  const keys = keysOf(ranges);
  const marks = keys.map(() => "?").join(", ");
  const conditions = [
    "at_ms >= ?",
    `(${keys.join(", ")}) <= (${marks})`,
    ...(isLast ? [] : [`(${keys.join(", ")}) > (${marks})`]),
    ...(isOnce ? [NOT_BEFORE] : []),
    ...(beforeIn(ranges, counted) === undefined ? [] : [NOT_AT_ENDPOINTS]),
  ];
  const isDistinct = what === "events" && ranges.table === "deliveries";
  const columns = by.filter((column) => ranges.table !== "events" || column !== "endpoint");
  const count = isDistinct ? "count(DISTINCT event_seq)" : "count(*)";
  const grouped = columns.length === 0 ? "" : ` GROUP BY ${columns.join(", ")}`;
  return `SELECT ${[...columns, count].join(", ")} AS count
    ${rangeSql(ranges)} AND ${conditions.join(" AND ")}${grouped}`;
};

type Bounds = { readonly sinceMs: number; readonly skip: number };

type Query = { readonly span: Span; readonly counted: CountBy };

const SMALLEST = Number.MIN_SAFE_INTEGER;

/** No delivery of the same event is of a facet that comes before. */
const NOT_BEFORE = `NOT EXISTS (SELECT 1 FROM deliveries AS other WHERE other.event_seq = deliveries.event_seq
  AND other.facet IN (SELECT value FROM json_each(?)))`;

const newer = (a: Cursor, b: Cursor): Cursor => ((b.next[0] ?? 0) > (a.next[0] ?? 0) ? b : a);

const cellIn = (row: Readonly<Record<string, unknown>>, facet: number): Cell => ({
  facet,
  agent: Number(row["agent"] ?? 0),
  endpoint: typeof row["endpoint"] === "number" ? row["endpoint"] : null,
  custom: typeof row["custom"] === "string" ? row["custom"] : null,
  count: Number(row["count"]),
});
