import type { DatabaseSync } from "node:sqlite";
import { setImmediate as nextTick } from "node:timers/promises";
import type { EventStatus } from "@ringback/contracts/deliveries/event-status";
import { attemptFacets, deadLetterFacets } from "../file/facets.ts";
import { endpointHash, eventHash, type Ids } from "../file/ids.ts";
import type { AllQueries } from "../figures.ts";
import type { EventRow, EventsQuery, Queries, RedeliverySelection, RowSeq } from "../projection.ts";
import { deadLettersOfReader, malformedCounter } from "./dead-letters.ts";
import { redeliveryReader } from "../apply/redelivery-counts.ts";
import { attemptCountsReader } from "../counts/stats.ts";
import { eventRowReader } from "./event-rows.ts";
import { callsOn } from "./calls.ts";
import { listFacetsOn } from "./list-facets.ts";
import { overviewOn } from "./overview.ts";
import type { Sight } from "../../sight/decide/sight.ts";
import { seenIn } from "./seen.ts";
import {
  ALWAYS_MS,
  mayHideAll,
  rowsOfQuery,
  wantedDeliveries,
  wantedEvents,
} from "./rows-of-query.ts";

/** The queries on the tables of one file. */
export const queriesOn = (db: DatabaseSync, ids: Ids): AllQueries => {
  const progress = redeliveryReader(db);
  const deadLettersOf = deadLettersOfReader(db);
  return {
    ...listsOn(db, ids),
    ...statsOn(db, ids),
    ...listFacetsOn(db, ids),
    ...overviewOn(db, ids),
    calls: callsOn(db, ids),
    workspacesAfter: workspacesOn(db),
    deadLettersOf: async (workspaceId, eventId) =>
      deadLettersOf(ids.workspace(workspaceId), eventHash(workspaceId, eventId)),
    countMalformed: malformedCounter(db, ids),
    redeliveryProgress: async (workspaceId, redeliveryId) =>
      progress(ids.workspace(workspaceId), redeliveryId),
  };
};

const workspacesOn = (db: DatabaseSync): AllQueries["workspacesAfter"] => {
  const find = db.prepare("SELECT name FROM workspaces WHERE name > ? ORDER BY name LIMIT ?");
  return async (after, limit) => find.all(after, limit).map(({ name }) => String(name));
};

type Lists = Pick<
  Queries,
  "events" | "attempts" | "deadLetters" | "deliveries" | "selectForRedelivery"
>;

const listsOn = (db: DatabaseSync, ids: Ids): Lists => {
  const { page } = rowsOfQuery(db, ids);
  const { of, row, existing, matching } = rowsOn(db, ids);
  return {
    ...redeliveriesOn(db, ids),
    events: async (query) => {
      const matches = matching(query);
      for (let { after } = query, n = 1; ; n += 1) {
        const { rows, next } = page(wantedEvents(query), { ...query, after });
        const events = existing(rows.filter(matches), query);
        if (events.length > 0 || next === undefined || n === MAX_PAGES) {
          return { rows: events.filter((event) => isOfCall(event, query.callId)), next };
        }
        after = next; // of the whole page the caller sees something else
        await nextTick();
      }
    },
    attempts: async (query) => page([{ table: "attempts", facets: attemptFacets(query) }], query),
    deadLetters: async (query) =>
      page([{ table: "dead_letters", facets: deadLetterFacets(query) }], query),
    deliveries: async (query) => {
      const { rows: found, next } = page(wantedDeliveries(query), query);
      const whose = of(query);
      const rows = found
        .map((position) => row.delivery(position, whose))
        .filter((one) => one !== undefined && isOfCall(one.event, query.callId));
      return { rows: rows.filter((one) => one !== undefined), next };
    },
  };
};

const redeliveriesOn = (db: DatabaseSync, ids: Ids): Pick<Lists, "selectForRedelivery"> => {
  const { first } = rowsOfQuery(db, ids);
  const { of, row, existing, matching } = rowsOn(db, ids);
  return {
    selectForRedelivery: async (selection) => {
      const { workspaceId, limit, missedBy } = selection;
      const statuses = SELECTED[selection.status];
      const query = missedBy === undefined ? { ...selection, statuses } : selection;
      const matches = matching(query);
      const whose = of(selection);
      const isMissed = ({ seq }: EventRow): boolean => {
        if (missedBy === undefined) return true;
        const endpoint = endpointHash(workspaceId, missedBy);
        const at = row.delivery({ seq, endpoint, atMs: 0 }, whose);
        return statuses.includes(at?.endpointId === missedBy ? at.status : "no_subscription");
      };
      for (let { after } = selection; ;) {
        const found = first(wantedEvents(query), { ...selection, after }, "oldest_first");
        const events = existing(found.filter(matches), selection);
        const rows = events.filter(({ isTest }) => !isTest).filter(isMissed);
        if (rows.length > 0 || found.length < limit) return rows;
        after = found.at(-1); // the page had nothing but tests, or what the endpoint has
        await nextTick();
      }
    },
  };
};

/** Reads rows for callers, as each sees them. */
const rowsOn = (db: DatabaseSync, ids: Ids) => {
  const row = eventRowReader(db, ids);
  const of = (sight: Sight) => ({ workspaceId: sight.workspaceId, seen: seenIn(ids, sight) });
  return {
    of,
    row,
    existing: (rows: readonly RowSeq[], sight: Sight): EventRow[] => {
      const whose = of(sight);
      return rows.map(({ seq }) => row.event(seq, whose)).filter((one) => one !== undefined);
    },
    /** Where all destinations of an event may be hidden, only the rows of its deliveries say what it is for the caller. */
    matching: (query: EventsQuery): ((found: RowSeq) => boolean) => {
      if (!mayHideAll(query)) return () => true;
      const whose = of(query);
      return ({ seq }) => row.statuses(seq, whose).some((one) => query.statuses?.includes(one));
    },
  };
};

/** Pages that are looked through for one row at least. */
const MAX_PAGES = 4;

/** Two calls may share a hash. */
const isOfCall = ({ address }: Pick<EventRow, "address">, callId: string | undefined): boolean =>
  callId === undefined || address.callId === callId;

const WAITING = ["pending", "retrying"] as const;

/** What waits counts whenever it was stored. */
const OLDEST = { sinceMs: 0, untilMs: ALWAYS_MS, limit: 1, statuses: WAITING } as const;

const sightIn = ({ workspaceId, agents, endpoints }: Sight): Sight => ({
  workspaceId,
  agents,
  endpoints,
});

const statsOn = (db: DatabaseSync, ids: Ids): Pick<Queries, "stats" | "endpointStats"> => {
  const { first } = rowsOfQuery(db, ids);
  const row = eventRowReader(db, ids);
  const ofAgent = attemptCountsReader(db, "agent");
  const ofEndpoint = attemptCountsReader(db, "endpoint");
  return {
    stats: async (query) => {
      const { workspaceId, agentId } = query;
      const counted = await ofAgent(ids.agent(workspaceId, agentId), query);
      const waiting = { ...sightIn(query), agentId, ...OLDEST };
      const [oldest] = first(wantedEvents(waiting), waiting, "oldest_first");
      const of = { workspaceId, seen: seenIn(ids, query) };
      return { ...counted, oldestWaiting: oldest && row.event(oldest.seq, of) };
    },
    endpointStats: async (query) => {
      const { workspaceId, endpointId } = query;
      const counted = await ofEndpoint(endpointHash(workspaceId, endpointId), query);
      const waiting = { ...sightIn(query), endpointId, ...OLDEST };
      const [oldest] = first(wantedDeliveries(waiting), waiting, "oldest_first");
      const of = { workspaceId, seen: seenIn(ids, query) };
      return { ...counted, oldestWaiting: oldest && row.delivery(oldest, of) };
    },
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
