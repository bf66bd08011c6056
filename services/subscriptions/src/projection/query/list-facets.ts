import type { DatabaseSync } from "node:sqlite";
import { DELIVERY_STATUSES } from "@ringback/contracts/deliveries/event-status";
import { UNKNOWN_TOKEN } from "@ringback/contracts/streams/subjects";
import type { EndpointFacet, Figures, ListFacets } from "../figures.ts";
import {
  DEAD_LETTER_FACETS,
  deadLetterFacets,
  DELIVERY_FACETS,
  EVENT_FACETS,
  SEVERAL,
} from "../file/facets.ts";
import type { Ids } from "../file/ids.ts";
import type { EventsQuery } from "../projection.ts";
import { cellCounter, type Cell, type Cells, type CountBy } from "./facet-counts.ts";
import type { IndexedTable } from "./row-queries.ts";
import {
  ALWAYS_MS,
  rowsOfQuery,
  wantedDeliveries,
  wantedEvents,
  type Wanted,
} from "./rows-of-query.ts";

type Query = Omit<EventsQuery, "limit" | "after">;

/** Cells of one table. */
type Of = Cells & { readonly table: IndexedTable };

/** Counts the rows of lists by what they can be narrowed by. */
export const listFacetsOn = (
  db: DatabaseSync,
  ids: Ids,
): Pick<Figures, "eventFacets" | "deliveryFacets" | "deadLetterFacets"> => {
  const count = cellCounter(db);
  const { ranges } = rowsOfQuery(db, ids);
  const facets = facetsIn(db, ids);
  const cells = async (wanted: readonly Wanted[], query: Query, by: CountBy): Promise<Of[]> => {
    const { sinceMs = 0, untilMs = ALWAYS_MS } = query;
    const found: Of[] = [];
    const byTable = Map.groupBy(ranges(wanted, query), ({ table }) => table);
    for (const [table, its] of byTable) {
      found.push({ table, ...(await count(its, { sinceMs, untilMs }, by)) });
    }
    return found;
  };
  return {
    eventFacets: async (query) => {
      // What is hidden altogether counts under no status.
      const events = await cells(wantedEvents({ ...query, agents: undefined }), query, ONCE);
      // An event has the status of each of its deliveries, and goes to several endpoints.
      const { statuses = DELIVERY_STATUSES } = query;
      const several = wantedDeliveries({ ...query, statuses }).filter(isOfDeliveries);
      const byStatus = await cells(several.map(onceEach), query, BY_STATUS);
      const byEndpoint = await cells(several, query, BY_ENDPOINT);
      const single = events.filter(({ table }) => table === "events");
      return facets({
        rows: events,
        states: [...single, ...byStatus],
        endpoints: [...single, ...byEndpoint],
      });
    },
    deliveryFacets: async (query) => {
      const rows = await cells(wantedDeliveries(query), query, ALL);
      return facets({ rows, states: rows, endpoints: rows });
    },
    deadLetterFacets: async (query) => {
      const wanted = [
        { table: "dead_letters", facets: deadLetterFacets({ ...query, limit: 1 }) },
      ] as const;
      const rows = await cells(wanted, query, ALL);
      return facets({ rows, states: rows, endpoints: rows });
    },
  };
};

const ALL: CountBy = { what: "rows", by: ["agent", "endpoint", "custom"] };
const ONCE: CountBy = { what: "events", by: ["agent", "custom"], once: true };
const BY_STATUS: CountBy = { what: "events", by: [] };
const BY_ENDPOINT: CountBy = { what: "rows", by: ["endpoint"] };

const isOfDeliveries = ({ table }: Wanted): boolean => table === "deliveries";

const onceEach = (wanted: Wanted): Wanted => ({ ...wanted, rows: "events" });

type Counted = {
  readonly rows: readonly Of[];
  readonly states: readonly Of[];
  readonly endpoints: readonly Of[];
};

/** How many agents and endpoints are named. */
const MAX_NAMED = 20;

/** Sums up cells and names what they are about. */
const facetsIn = (db: DatabaseSync, ids: Ids) => {
  const find = db.prepare("SELECT name, uid FROM endpoints WHERE hash = ?");
  const named = ([hash, count]: readonly [number, number]): EndpointFacet => {
    const row = hash === 0 ? undefined : find.get(hash);
    const [endpointId, uid] = [textOf(row?.["name"]), textOf(row?.["uid"])];
    return { endpointId, uid, count };
  };
  return ({ rows, states, endpoints }: Counted): ListFacets => {
    const agents = top(summed(rows, ({ agent }) => agent))
      .map(([agent, count]) => ({ agentId: ids.agentName(agent), count }))
      .filter(({ agentId }) => agentId !== UNKNOWN_TOKEN);
    return {
      total: rows.flatMap(({ cells }) => cells).reduce((sum, { count }) => sum + count, 0),
      isPartial: [...rows, ...states, ...endpoints].some(({ isPartial }) => isPartial),
      states: withoutUndefined(summed(states, stateOf)),
      eventTypes: summed(rows, ({ facet, custom }, table) => custom ?? OF[table].typeOf(facet)),
      agents,
      endpoints: top(summed(endpoints, endpointIn)).map(named),
    };
  };
};

const OF = {
  events: EVENT_FACETS,
  deliveries: DELIVERY_FACETS,
  dead_letters: DEAD_LETTER_FACETS,
} as const;

/** Undefined: the states of an event's deliveries count in its place. */
const stateOf = ({ facet }: Cell, table: keyof typeof OF): string | undefined => {
  const state = OF[table].stateOf(facet);
  return state === SEVERAL ? undefined : state;
};

/** 0: the agent's subscription; undefined: it is no delivery. */
const endpointIn = (cell: Cell, table: keyof typeof OF): number | undefined => {
  const state = stateOf(cell, table);
  return state === undefined || state === "no_subscription" ? undefined : (cell.endpoint ?? 0);
};

type KeyOf<Key> = (cell: Cell, table: keyof typeof OF) => Key;

const summed = <Key>(all: readonly Of[], keyOf: KeyOf<Key>): Map<Key, number> => {
  const sums = new Map<Key, number>();
  for (const { table, cells } of all) {
    if (table === "attempts") continue;
    for (const cell of cells) {
      const key = keyOf(cell, table);
      sums.set(key, (sums.get(key) ?? 0) + cell.count);
    }
  }
  return sums;
};

const withoutUndefined = (sums: ReadonlyMap<string | undefined, number>): Map<string, number> =>
  new Map([...sums].flatMap(([key, count]) => (key === undefined ? [] : [[key, count]])));

/** The largest ones. */
const top = (sums: ReadonlyMap<number | undefined, number>): (readonly [number, number])[] =>
  [...sums]
    .flatMap(([key, count]) => (key === undefined ? [] : [[key, count] as const]))
    .toSorted(([a, m], [b, n]) => n - m || a - b)
    .slice(0, MAX_NAMED);

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" ? value : undefined;
