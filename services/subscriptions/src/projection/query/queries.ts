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
import { deadLettersOfReader } from "./dead-letters-of.ts";
import { callHash, eventHash, type Ids } from "../file/ids.ts";
import type { EventRow, Projection, RedeliverySelection, RowsPage } from "../projection.ts";
import { malformedLetterCounter } from "../file/malformed-dead-letters.ts";
import { redeliveryReader } from "../apply/redelivery-counts.ts";
import { rowQueries, type IndexedTable, type Ranges } from "./row-queries.ts";
import { attemptCountsReader } from "../apply/stats.ts";

/** What can be asked of the rows as they are. */
export type Answers = Pick<
  Projection,
  | "events"
  | "attempts"
  | "deadLetters"
  | "deadLettersOf"
  | "stats"
  | "selectForRedelivery"
  | "countMalformed"
  | "redeliveryProgress"
>;

const MAX_LIMIT = 1_000;

/** Later than any row, with room to add to. */
const ALWAYS_MS = 8_640_000_000_000_000;

type Query = Parameters<Projection["events"]>[0];
type Narrowed = Omit<Query, "status" | "eventType"> & {
  readonly facets: readonly number[];
  readonly customTypes?: readonly string[] | undefined;
};

/** Answers from the tables of one file. */
export const answersFrom = (db: DatabaseSync, ids: Ids): Answers => {
  const { places } = rowQueries(db);
  const eventRow = eventRowReader(db, ids);
  const counts = attemptCountsReader(db);
  const progress = redeliveryReader(db);
  const lettersOf = deadLettersOfReader(db);
  const find = (ranges: Ranges | undefined) => (ranges === undefined ? [] : places(ranges));
  const rowsOf = (table: IndexedTable, query: Narrowed, order: Ranges["order"] = "newest_first") =>
    find(rangesOf(ids, table, query, order));
  const existing = (seqs: readonly { readonly seq: number }[], workspaceId: string): EventRow[] =>
    seqs.map(({ seq }) => eventRow(seq, workspaceId)).filter((row) => row !== undefined);
  return {
    events: async (query) => {
      const narrowed = { ...query, limit: query.limit + 1, ...typed(eventFacets(query), query) };
      const { rows, next } = paged(rowsOf("events", narrowed), query.limit);
      const isOfCall = ({ address }: EventRow): boolean =>
        query.callId === undefined || address.callId === query.callId;
      return { rows: existing(rows, query.workspaceId).filter(isOfCall), next };
    },
    attempts: async (query) => {
      const narrowed = { ...query, limit: query.limit + 1, ...typed(attemptFacets(query), query) };
      return paged(rowsOf("attempts", narrowed), query.limit);
    },
    deadLetters: async (query) => {
      const narrowed = {
        ...query,
        limit: query.limit + 1,
        ...typed(deadLetterFacets(query), query),
      };
      return paged(rowsOf("dead_letters", narrowed), query.limit);
    },
    deadLettersOf: async (workspaceId, eventId) =>
      lettersOf(ids.workspace(workspaceId), eventHash(workspaceId, eventId)),
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
        after = found.at(-1); // a page of tests only is no end
      }
    },
    countMalformed: malformedLetterCounter(db, ids),
    redeliveryProgress: async (workspaceId, redeliveryId) =>
      progress(ids.workspace(workspaceId), redeliveryId),
  };
};

const typed = (facets: readonly number[], { eventType }: Pick<Query, "eventType">) => ({
  facets,
  customTypes: customTypesIn(eventType === undefined ? undefined : [eventType]),
});

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

/** Where the rows are; undefined: of this workspace or agent there are none. */
const rangesOf = (
  ids: Ids,
  table: IndexedTable,
  query: Narrowed,
  order: Ranges["order"],
): Ranges | undefined => {
  const { workspaceId, agentId, callId, facets, limit, after } = query;
  if (limit < 1 || limit > MAX_LIMIT + 1) {
    throw new RangeError(`${limit} rows at once: expected 1 to ${MAX_LIMIT}`);
  }
  const workspace = ids.workspace(workspaceId);
  const agent = agentId === undefined ? undefined : ids.agent(workspaceId, agentId);
  if (workspace === undefined || (agentId !== undefined && agent === undefined)) return undefined;
  const { sinceMs = 0, untilMs = ALWAYS_MS } = query;
  const { customTypes } = query;
  const common = {
    table,
    facets,
    customTypes,
    workspace,
    agent,
    order,
    sinceMs,
    untilMs,
    after,
    limit,
  };
  if (callId !== undefined) {
    return { ...common, by: "call_hash", value: callHash(workspaceId, callId) };
  }
  return agent === undefined
    ? { ...common, by: "workspace", value: workspace }
    : { ...common, by: "agent", value: agent };
};

/** A page of what was found with one row more than asked for. */
const paged = <Row extends { readonly seq: number; readonly atMs: number }>(
  found: readonly Row[],
  limit: number,
): RowsPage<Row> => {
  const rows = found.slice(0, limit);
  return { rows, next: found.length > limit ? rows.at(-1) : undefined };
};
