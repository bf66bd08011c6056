import { setImmediate as nextTurn } from "node:timers/promises";
import type { DatabaseSync } from "node:sqlite";
import { customTypesIn, DEAD_LETTER_FACETS } from "./facets.ts";
import type { Ids } from "./ids.ts";
import type { Projection } from "../projection.ts";

/** So many rows take a few milliseconds; then others have a turn. */
const ROWS_PER_TURN = 5_000;

/** Counts a workspace's dead letters whose events have no row, as their subjects are no events'. */
export const malformedLetterCounter = (
  db: DatabaseSync,
  ids: Ids,
): Projection["countMalformed"] => {
  const next = db.prepare(`
    SELECT seq, at_ms FROM dead_letters INDEXED BY dead_letters_malformed
    WHERE malformed = 1 AND workspace = ? AND at_ms < ? AND (at_ms, seq) > (?, ?)
      AND (? IS NULL OR agent = ?)
      AND facet IN (SELECT value FROM json_each(?))
      AND (? IS NULL OR custom IS NULL OR custom IN (SELECT value FROM json_each(?)))
    ORDER BY at_ms, seq LIMIT ${ROWS_PER_TURN}`);
  return async ({ workspaceId, agentId, eventTypes, sinceMs, untilMs }) => {
    const workspace = ids.workspace(workspaceId);
    const agent = agentId === undefined ? null : ids.agent(workspaceId, agentId);
    if (workspace === undefined || agent === undefined) return 0;
    const facets = JSON.stringify(DEAD_LETTER_FACETS.matching(eventTypes, undefined));
    const customTypes = customTypesIn(eventTypes);
    const custom = customTypes === undefined ? null : JSON.stringify(customTypes);
    const narrowed = [agent, agent, facets, custom, custom] as const;
    let count = 0;
    for (let place: readonly [number, number] = [sinceMs, 0]; ;) {
      const rows = next.all(workspace, untilMs, ...place, ...narrowed);
      count += rows.length;
      const last = rows.at(-1);
      if (last === undefined || rows.length < ROWS_PER_TURN) return count;
      place = [Number(last["at_ms"]), Number(last["seq"])];
      await nextTurn();
    }
  };
};
