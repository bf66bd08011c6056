import type { DatabaseSync } from "node:sqlite";
import { setImmediate as nextTick } from "node:timers/promises";
import type { EventStatus } from "@ringback/contracts/deliveries/event-status";
import { attemptFacets, deadLetterFacets } from "../file/facets.ts";
import { endpointHash, eventHash, type Ids } from "../file/ids.ts";
import type { AllQueries } from "../figures.ts";
import type { EventRow, Queries, RedeliverySelection, RowSeq } from "../projection.ts";
import { deadLettersOfReader, malformedCounter } from "./dead-letters.ts";
import { redeliveryReader } from "../apply/redelivery-counts.ts";
import { attemptCountsReader } from "../counts/stats.ts";
import { eventRowReader } from "./event-rows.ts";
import { callsOn } from "./calls.ts";
import { listFacetsOn } from "./list-facets.ts";
import { overviewOn } from "./overview.ts";
import { ALWAYS_MS, rowsOfQuery, wantedDeliveries, wantedEvents } from "./rows-of-query.ts";

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
  const { first, page } = rowsOfQuery(db, ids);
  const row = eventRowReader(db, ids);
  const existing = (rows: readonly RowSeq[], workspaceId: string): EventRow[] =>
    rows.map(({ seq }) => row.event(seq, workspaceId)).filter((one) => one !== undefined);
  return {
    events: async (query) => {
      const { workspaceId } = query;
      const { rows, next } = page(wantedEvents(query), query);
      const events = existing(rows, workspaceId);
      return { rows: events.filter((event) => isOfCall(event, query.callId)), next };
    },
    attempts: async (query) => page([{ table: "attempts", facets: attemptFacets(query) }], query),
    deadLetters: async (query) =>
      page([{ table: "dead_letters", facets: deadLetterFacets(query) }], query),
    deliveries: async (query) => {
      const { rows: found, next } = page(wantedDeliveries(query), query);
      const rows = found
        .map((position) => row.delivery(position, query.workspaceId))
        .filter((one) => one !== undefined && isOfCall(one.event, query.callId));
      return { rows: rows.filter((one) => one !== undefined), next };
    },
    selectForRedelivery: async (selection) => {
      const { workspaceId, limit, missedBy } = selection;
      const statuses = SELECTED[selection.status];
      const wanted = wantedEvents(missedBy === undefined ? { ...selection, statuses } : selection);
      const isMissed = ({ seq }: EventRow): boolean => {
        if (missedBy === undefined) return true;
        const endpoint = endpointHash(workspaceId, missedBy);
        const at = row.delivery({ seq, endpoint, atMs: 0 }, workspaceId);
        return statuses.includes(at?.endpointId === missedBy ? at.status : "no_subscription");
      };
      for (let { after } = selection; ;) {
        const found = first(wanted, { ...selection, after }, "oldest_first");
        const untested = existing(found, workspaceId).filter(({ isTest }) => !isTest);
        const rows = untested.filter(isMissed);
        if (rows.length > 0 || found.length < limit) return rows;
        after = found.at(-1); // the page had nothing but tests, or what the endpoint has
        await nextTick();
      }
    },
  };
};

/** Two calls may share a hash. */
const isOfCall = ({ address }: Pick<EventRow, "address">, callId: string | undefined): boolean =>
  callId === undefined || address.callId === callId;

const WAITING = ["pending", "retrying"] as const;

/** What waits counts whenever it was stored. */
const OLDEST = { sinceMs: 0, untilMs: ALWAYS_MS, limit: 1, statuses: WAITING } as const;

const statsOn = (db: DatabaseSync, ids: Ids): Pick<Queries, "stats" | "endpointStats"> => {
  const { first } = rowsOfQuery(db, ids);
  const row = eventRowReader(db, ids);
  const ofAgent = attemptCountsReader(db, "agent");
  const ofEndpoint = attemptCountsReader(db, "endpoint");
  return {
    stats: async (query) => {
      const { workspaceId, agentId } = query;
      const counted = await ofAgent(ids.agent(workspaceId, agentId), query);
      const waiting = { workspaceId, agentId, ...OLDEST };
      const [oldest] = first(wantedEvents(waiting), waiting, "oldest_first");
      return { ...counted, oldestWaiting: oldest && row.event(oldest.seq, workspaceId) };
    },
    endpointStats: async (query) => {
      const { workspaceId, endpointId } = query;
      const counted = await ofEndpoint(endpointHash(workspaceId, endpointId), query);
      const waiting = { workspaceId, endpointId, ...OLDEST };
      const [oldest] = first(wantedDeliveries(waiting), waiting, "oldest_first");
      return { ...counted, oldestWaiting: oldest && row.delivery(oldest, workspaceId) };
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
