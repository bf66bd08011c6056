import type { DatabaseSync } from "node:sqlite";
import type { Overview, OverviewQuery } from "../figures.ts";
import type { Ids } from "../file/ids.ts";
import { eventRowReader } from "./event-rows.ts";
import { cellCounter } from "./facet-counts.ts";
import { ALWAYS_MS, rowsOfQuery, wantedDeliveries } from "./rows-of-query.ts";
import { seenIn } from "./seen.ts";

/** Counts the deliveries that wait now, and finds the oldest of them. */
export const waitingOn = (db: DatabaseSync, ids: Ids) => {
  const { first, ranges } = rowsOfQuery(db, ids);
  const count = cellCounter(db);
  const row = eventRowReader(db, ids);
  const always = { sinceMs: 0, untilMs: ALWAYS_MS };
  return async ({
    workspaceId,
    agents,
    endpoints,
    agentIds,
  }: OverviewQuery): Promise<Overview["waiting"]> => {
    // Those of a bound caller's agents that are wanted are all that is looked at, with one query.
    const sight = { workspaceId, agents: agents && new Set(agentIds), endpoints };
    const isOfAll = agentIds === undefined || agents !== undefined;
    const each = isOfAll ? [{}] : agentIds.map((agentId) => ({ agentId }));
    const queries = each.map((of) => ({ ...sight, ...of, limit: 1 }));
    const counted = async (status: "pending" | "retrying") => {
      const all = queries.flatMap((query) =>
        ranges(wantedDeliveries({ ...query, statuses: [status] }), query),
      );
      const { cells, isPartial } = await count(all, always, { what: "rows", by: [] });
      return { isPartial, count: cells.reduce((sum, cell) => sum + cell.count, 0) };
    };
    const [pending, retrying] = [await counted("pending"), await counted("retrying")];
    const statuses = ["pending", "retrying"] as const;
    const oldest = queries
      .flatMap((query) => first(wantedDeliveries({ ...query, statuses }), query, "oldest_first"))
      .toSorted((a, b) => a.atMs - b.atMs || a.seq - b.seq)
      .at(0);
    return {
      pending: pending.count,
      retrying: retrying.count,
      isPartial: pending.isPartial || retrying.isPartial,
      oldest: oldest && row.delivery(oldest, { workspaceId, seen: seenIn(ids, sight) }),
    };
  };
};
