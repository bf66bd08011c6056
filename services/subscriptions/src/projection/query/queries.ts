import type { DatabaseSync } from "node:sqlite";
import type { EventStatus } from "@ringback/contracts/deliveries/event-status";
import { eventRowReader } from "./event-rows.ts";
import {
  attemptFacets,
  customTypesIn,
  deadLetterFacets,
  EVENT_FACETS,
  eventFacets,
} from "../file/facets.ts";
import { callHash, eventHash, type Ids } from "../file/ids.ts";
import type { EventRow, EventsQuery, Queries, RedeliverySelection, RowSeq } from "../projection.ts";
import { deadLettersOfReader, malformedCounter } from "./dead-letters.ts";
import { redeliveryReader } from "../apply/redelivery-counts.ts";
import { positionsReader, type IndexedTable, type Ranges } from "./row-queries.ts";
import { attemptCountsReader } from "../apply/stats.ts";

const MAX_LIMIT = 1_000;

/** Later than any row; adding to it does not overflow. */
const ALWAYS_MS = 8_640_000_000_000_000;

type Narrowed = Omit<EventsQuery, "statuses" | "eventTypes"> &
  Pick<Ranges, "facets" | "customTypes">;

/** Rows by the ranges of a query. */
const rowReader = (db: DatabaseSync, ids: Ids) => {
  const positions = positionsReader(db);
  const eventRow = eventRowReader(db, ids);
  const rowsOf = (
    table: IndexedTable,
    query: Narrowed,
    order: Ranges["order"] = "newest_first",
  ) => {
    const ranges = rangesOf(ids, table, query, order);
    return ranges === undefined ? [] : positions(ranges);
  };
  return {
    rowsOf,
    pageOf: (table: IndexedTable, query: EventsQuery, facets: readonly number[]) => {
      const { eventTypes, limit } = query;
      const customTypes = customTypesIn(eventTypes);
      const found = rowsOf(table, { ...query, limit: limit + 1, facets, customTypes });
      const rows = found.slice(0, limit);
      return { rows, next: found.length > limit ? rows.at(-1) : undefined };
    },
    existing: (rows: readonly RowSeq[], workspaceId: string): EventRow[] =>
      rows.map(({ seq }) => eventRow(seq, workspaceId)).filter((row) => row !== undefined),
  };
};

/** The queries on the tables of one file. */
export const queriesOn = (db: DatabaseSync, ids: Ids): Queries => {
  const { rowsOf, pageOf, existing } = rowReader(db, ids);
  const counts = attemptCountsReader(db);
  const progress = redeliveryReader(db);
  const deadLettersOf = deadLettersOfReader(db);
  return {
    events: async (query) => {
      const { rows, next } = pageOf("events", query, eventFacets(query));
      const isOfCall = ({ address }: EventRow): boolean =>
        query.callId === undefined || address.callId === query.callId;
      return { rows: existing(rows, query.workspaceId).filter(isOfCall), next };
    },
    attempts: async (query) => pageOf("attempts", query, attemptFacets(query)),
    deadLetters: async (query) => pageOf("dead_letters", query, deadLetterFacets(query)),
    deadLettersOf: async (workspaceId, eventId) =>
      deadLettersOf(ids.workspace(workspaceId), eventHash(workspaceId, eventId)),
    stats: async (query) => {
      const counted = await counts(ids.agent(query.workspaceId, query.agentId), query);
      const facets = EVENT_FACETS.matching(undefined, ["pending", "retrying"]);
      const waiting = { ...query, sinceMs: 0, untilMs: ALWAYS_MS, limit: 1, facets };
      const [oldestWaiting] = existing(
        rowsOf("events", waiting, "oldest_first"),
        query.workspaceId,
      );
      return { ...counted, oldestWaiting };
    },
    selectForRedelivery: async (selection) => {
      const facets = EVENT_FACETS.matching(selection.eventTypes, SELECTED[selection.status]);
      const customTypes = customTypesIn(selection.eventTypes);
      for (let { after } = selection; ;) {
        const narrowed = { ...selection, facets, customTypes, after };
        const found = rowsOf("events", narrowed, "oldest_first");
        const rows = existing(found, selection.workspaceId).filter(({ isTest }) => !isTest);
        if (rows.length > 0 || found.length < selection.limit) return rows;
        after = found.at(-1); // the page had nothing but tests
      }
    },
    countMalformed: malformedCounter(db, ids),
    redeliveryProgress: async (workspaceId, redeliveryId) =>
      progress(ids.workspace(workspaceId), redeliveryId),
  };
};

const UNDELIVERED: readonly EventStatus[] = [
  "dead_lettered",
  "cancelled",
  "failed",
  "no_subscription",
];

const SELECTED: Readonly<Record<RedeliverySelection["status"], readonly EventStatus[]>> = {
  dead_lettered: ["dead_lettered"],
  undelivered: UNDELIVERED,
  all: ["delivered", ...UNDELIVERED],
};

/** Where the rows are; undefined: this workspace or agent has none. */
const rangesOf = (
  ids: Ids,
  table: IndexedTable,
  query: Narrowed,
  order: Ranges["order"],
): Ranges | undefined => {
  const { workspaceId, agentId, callId, facets, customTypes, limit, after } = query;
  if (limit < 1 || limit > MAX_LIMIT + 1) {
    throw new RangeError(`${limit} rows at once: expected 1 to ${MAX_LIMIT}`);
  }
  const workspace = ids.workspace(workspaceId);
  const agent = agentId === undefined ? undefined : ids.agent(workspaceId, agentId);
  if (workspace === undefined || (agentId !== undefined && agent === undefined)) return undefined;
  const { sinceMs = 0, untilMs = ALWAYS_MS } = query;
  const page = { sinceMs, untilMs, after, limit };
  const common = { table, facets, customTypes, workspace, agent, order, ...page };
  if (callId !== undefined) {
    return { ...common, by: "call_hash", value: callHash(workspaceId, callId) };
  }
  return agent === undefined
    ? { ...common, by: "workspace", value: workspace }
    : { ...common, by: "agent", value: agent };
};
