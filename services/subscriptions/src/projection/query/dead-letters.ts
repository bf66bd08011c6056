import { setImmediate as nextTick } from "node:timers/promises";
import type { DatabaseSync } from "node:sqlite";
import { customTypesIn, DEAD_LETTER_FACETS } from "../file/facets.ts";
import type { Ids } from "../file/ids.ts";
import { seesAgent } from "../../sight/decide/sight.ts";
import { seenIn } from "./seen.ts";
import type { Projection, RowSeq } from "../projection.ts";

/** So many rows take a few milliseconds; then the event loop goes on. */
const ROWS_PER_TICK = 5_000;

/** Counts a workspace's dead letters whose events have no row, because their subjects are malformed. */
export const malformedCounter = (db: DatabaseSync, ids: Ids): Projection["countMalformed"] => {
  const next = db.prepare(`
    SELECT seq, at_ms FROM dead_letters INDEXED BY dead_letters_malformed
    WHERE malformed = 1 AND workspace = ? AND at_ms < ? AND (at_ms, seq) > (?, ?)
      AND (? IS NULL OR agent IN (SELECT value FROM json_each(?)))
      AND facet IN (SELECT value FROM json_each(?))
      AND (? IS NULL OR custom IS NULL OR custom IN (SELECT value FROM json_each(?)))
    ORDER BY at_ms, seq LIMIT ${ROWS_PER_TICK}`);
  return async ({ agentId, eventTypes, sinceMs, untilMs, ...sight }) => {
    const { workspaceId } = sight;
    const workspace = ids.workspace(workspaceId);
    const agent = agentId === undefined ? null : ids.agent(workspaceId, agentId);
    if (workspace === undefined || agent === undefined) return 0;
    if (agentId !== undefined && !seesAgent(sight, agentId)) return 0;
    const only = agent === null ? seenIn(ids, sight)?.agents : [agent];
    const agents = only === undefined ? null : JSON.stringify(only);
    const facets = JSON.stringify(DEAD_LETTER_FACETS.matching(eventTypes, undefined));
    const customTypes = customTypesIn(eventTypes);
    const custom = customTypes === undefined ? null : JSON.stringify(customTypes);
    const narrowed = [agents, agents, facets, custom, custom] as const;
    let count = 0;
    for (let position: readonly [number, number] = [sinceMs, 0]; ;) {
      const rows = next.all(workspace, untilMs, ...position, ...narrowed);
      count += rows.length;
      const last = rows.at(-1);
      if (last === undefined || rows.length < ROWS_PER_TICK) return count;
      position = [Number(last["at_ms"]), Number(last["seq"])];
      await nextTick();
    }
  };
};

/** Two events may share a hash: so many dead letters of one hardly hide the last of the other. */
const MAX_OF_EVENT = 10;

/** The dead letters of an event by its hash (`eventHash`), newest first. */
export const deadLettersOfReader = (db: DatabaseSync) => {
  const find = db.prepare(`
    SELECT seq FROM dead_letters INDEXED BY dead_letters_by_event
    WHERE event_hash = ? AND +workspace = ? ORDER BY seq DESC LIMIT ${MAX_OF_EVENT}`);
  return (workspace: number | undefined, hash: number): RowSeq[] => {
    if (workspace === undefined) return [];
    return find.all(hash, workspace).map((row) => ({ seq: Number(row["seq"]) }));
  };
};
