import type { DatabaseSync } from "node:sqlite";
import { worstStatus } from "@ringback/contracts/deliveries/event-status";
import type { CallRow } from "../figures.ts";
import type { Ids } from "../file/ids.ts";
import { eventRowReader } from "./event-rows.ts";
import type { Seen } from "./row-queries.ts";

/** A call has a handful of events; of very many the oldest count. */
const MAX_EVENTS = 1_000;

type Of = { readonly workspaceId: string; readonly seen: Seen };

/** Reads a call as a bound caller sees it: over the events of its agents, at the destinations that it sees. */
export const seenCallRows = (db: DatabaseSync, ids: Ids) => {
  const find = db.prepare("SELECT workspace, call_id, call_hash FROM calls WHERE id = ?");
  const events = db.prepare(`
    SELECT seq, at_ms, agent FROM events INDEXED BY events_by_call
    WHERE call_hash = ? AND +workspace = ? AND +call_id = ? AND at_ms IS NOT NULL
      AND +agent IN (SELECT value FROM json_each(?))
    ORDER BY seq LIMIT ${MAX_EVENTS}`);
  const row = eventRowReader(db, ids);
  return (id: number, of: Of): CallRow | undefined => {
    const call = find.get(id);
    if (call === undefined) return undefined;
    const [workspace, callId] = [Number(call["workspace"]), String(call["call_id"])];
    const agents = JSON.stringify(of.seen.agents);
    const found = events.all(Number(call["call_hash"]), workspace, callId, agents);
    const its = found.flatMap(({ seq }) => row.event(Number(seq), of) ?? []);
    if (its.length === 0) return undefined;
    const times = its.map(({ storedAtMs }) => storedAtMs);
    const waiting = its.flatMap(({ nextAttemptAtMs = [] }) => nextAttemptAtMs);
    return {
      callId,
      agentIds: [...new Set(its.map(({ address }) => address.agentId))],
      firstEventAtMs: Math.min(...times),
      lastEventAtMs: Math.max(...times),
      events: its.length,
      attempts: its.reduce((sum, { attempts }) => sum + attempts, 0),
      status: worstStatus(its.map(({ status }) => status)) ?? "pending",
      nextAttemptAtMs: waiting.length === 0 ? undefined : Math.min(...waiting),
    };
  };
};
