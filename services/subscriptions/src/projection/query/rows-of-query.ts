import type { DatabaseSync } from "node:sqlite";
import { DELIVERY_STATUSES } from "@ringback/contracts/deliveries/event-status";
import {
  customTypesIn,
  DELIVERY_FACETS,
  deliveryFacets,
  EVENT_FACETS,
  eventFacets,
  SEVERAL,
} from "../file/facets.ts";
import { callHash, endpointHash, type Ids } from "../file/ids.ts";
import type { DeliveriesQuery, DeliveryPosition, EventsQuery, RowPosition } from "../projection.ts";
import { seesAgent, seesEndpoint } from "../../sight/decide/sight.ts";
import {
  positionsReader,
  type IndexedTable,
  type Part,
  type Ranges,
  type Seen,
} from "./row-queries.ts";
import { seenIn, seenRanges } from "./seen.ts";

const MAX_LIMIT = 1_000;

/** Later than any row; adding to it does not overflow. */
export const ALWAYS_MS = 8_640_000_000_000_000;

type Query = Omit<EventsQuery, "statuses" | "after"> & { readonly after?: RowPosition | undefined };

/** What rows are chosen by, without where a page begins and ends. */
type Filters = Omit<Query, "after" | "limit">;

type Found = {
  readonly rows: readonly DeliveryPosition[];
  /** The next page begins after this one; undefined: there is nothing more. */
  readonly next: DeliveryPosition | undefined;
};

/** The facets of a table that a query takes rows of; of deliveries also the event of each once. */
export type Wanted = Pick<Ranges, "facets"> & {
  readonly table: IndexedTable;
  readonly rows?: Ranges["rows"];
};

/** What to read for events: those that are their own delivery, and those that have several. */
export const wantedEvents = (query: Omit<EventsQuery, "limit">): readonly Wanted[] => {
  const { eventTypes, statuses, endpointId } = query;
  const several = { table: "deliveries", rows: "events", facets: deliveryFacets(query) } as const;
  if (endpointId !== undefined) return [several];
  const hidden = mayHideAll(query) ? EVENT_FACETS.matching(eventTypes, [SEVERAL]) : [];
  const facets = [...eventFacets({ eventTypes, statuses }), ...hidden];
  const single = { table: "events", facets } as const;
  return statuses === undefined ? [single] : [single, several];
};

/** An event whose destinations are all hidden from the caller is one that nobody had subscribed. */
export const mayHideAll = ({
  agents,
  statuses,
}: Pick<EventsQuery, "agents" | "statuses">): boolean =>
  agents !== undefined && statuses?.includes("no_subscription") === true;

/** What to read for deliveries: an event that is its own delivery counts as one. */
export const wantedDeliveries = (query: Omit<DeliveriesQuery, "limit">): readonly Wanted[] => {
  const { eventTypes, statuses = DELIVERY_STATUSES, endpointId } = query;
  const several = {
    table: "deliveries",
    facets: DELIVERY_FACETS.matching(eventTypes, statuses),
  } as const;
  if (endpointId !== undefined) return [several];
  return [{ table: "events", facets: EVENT_FACETS.matching(eventTypes, statuses) }, several];
};

/** The positions of the rows that a query asks for. */
export const rowsOfQuery = (db: DatabaseSync, ids: Ids) => {
  const positions = positionsReader(db);
  const ranges = rangesReader(db, ids);
  const first = (
    all: readonly Wanted[],
    query: Query,
    order: Part["order"] = "newest_first",
  ): DeliveryPosition[] => {
    const { limit, sinceMs = 0, untilMs = ALWAYS_MS, after } = query;
    if (limit < 1 || limit > MAX_LIMIT + 1) {
      throw new RangeError(`${limit} rows at once: expected 1 to ${MAX_LIMIT}`);
    }
    const from = after && { endpoint: 0, ...after };
    return positions(ranges(all, query), { order, sinceMs, untilMs, after: from, limit });
  };
  return {
    first,
    ranges,
    page: (all: readonly Wanted[], query: Query): Found => {
      const { limit } = query;
      const found = first(all, { ...query, limit: limit + 1 });
      const rows = found.slice(0, limit);
      return { rows, next: found.length > limit ? rows.at(-1) : undefined };
    },
  };
};

/** Finds the ranges of indexes that the rows of a query are in. */
const rangesReader = (db: DatabaseSync, ids: Ids) => {
  const ofSeen = seenRanges(db);
  return (all: readonly Wanted[], query: Filters): readonly Ranges[] => {
    const under = underOf(ids, query);
    if (under === undefined) return [];
    const ranges = all.map((wanted) => ({ rows: "all" as const, ...wanted, ...under }));
    const { seen } = under;
    // A call has few events: their rows are looked at one by one.
    if (seen === undefined || under.by === "call_hash") return ranges;
    return ranges.flatMap((range) =>
      ofSeen(range, seen).map((found) => ({ ...range, ...found, seen: undefined })),
    );
  };
};

/** Under which value of an index the rows are; undefined: there are none that the caller sees. */
const underOf = (
  ids: Ids,
  query: Filters,
): Omit<Ranges, "table" | "rows" | "facets"> | undefined => {
  const { workspaceId, agentId, callId, endpointId, eventTypes } = query;
  if (agentId !== undefined && !seesAgent(query, agentId)) return undefined;
  if (!seesEndpoint(query, endpointId)) return undefined;
  const workspace = ids.workspace(workspaceId);
  const agent = agentId === undefined ? undefined : ids.agent(workspaceId, agentId);
  if (workspace === undefined || (agentId !== undefined && agent === undefined)) return undefined;
  const endpoint = endpointId === undefined ? undefined : endpointHash(workspaceId, endpointId);
  const customTypes = customTypesIn(eventTypes);
  const seen = narrowed(seenIn(ids, query), agent, endpoint);
  const common = { customTypes, workspace, agent, endpoint, seen };
  if (callId !== undefined) {
    return { ...common, by: "call_hash", value: callHash(workspaceId, callId) };
  }
  if (endpoint !== undefined) return { ...common, by: "endpoint", value: endpoint };
  return agent === undefined
    ? { ...common, by: "workspace", value: workspace }
    : { ...common, by: "agent", value: agent };
};

const narrowed = (
  seen: Seen | undefined,
  agent: number | undefined,
  endpoint: number | undefined,
): Seen | undefined =>
  seen && {
    agents: agent === undefined ? seen.agents : [agent],
    endpoints: endpoint === undefined ? seen.endpoints : [endpoint],
  };
