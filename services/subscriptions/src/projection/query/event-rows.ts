import type { DatabaseSync } from "node:sqlite";
import { EVENT_FACETS } from "../file/facets.ts";
import type { Ids } from "../file/ids.ts";
import type { EventRow } from "../projection.ts";

/** Reads the row of an event of a workspace; undefined when it is gone. */
export const eventRowReader = (db: DatabaseSync, ids: Ids) => {
  const find = db.prepare(`
    SELECT agent, facet, custom, at_ms, call_id, size_bytes, is_test, attempts, last_attempt_ms, next_attempt_ms,
      last_status_code, url
    FROM events LEFT JOIN destinations ON id = destination WHERE seq = ?`);
  return (seq: number, workspaceId: string): EventRow | undefined => {
    const row = find.get(seq);
    if (row === undefined) return undefined;
    const facet = Number(row["facet"]);
    const eventType = textOf(row["custom"]) ?? EVENT_FACETS.typeOf(facet);
    if (eventType === undefined)
      throw new Error(`event ${seq} has a facet without a type: ${facet}`);
    const agentId = ids.agentName(Number(row["agent"]));
    return {
      seq,
      address: { workspaceId, agentId, callId: String(row["call_id"]), eventType },
      storedAtMs: Number(row["at_ms"]),
      sizeBytes: Number(row["size_bytes"]),
      isTest: row["is_test"] === 1,
      status: EVENT_FACETS.stateOf(facet),
      attempts: Number(row["attempts"]),
      lastAttemptAtMs: numberOf(row["last_attempt_ms"]),
      lastStatusCode: numberOf(row["last_status_code"]),
      destination: textOf(row["url"]),
      nextAttemptAtMs: numberOf(row["next_attempt_ms"]),
    };
  };
};

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" ? value : undefined;

const numberOf = (value: unknown): number | undefined =>
  typeof value === "number" ? value : undefined;
