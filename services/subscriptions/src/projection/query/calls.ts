import type { DatabaseSync } from "node:sqlite";
import { setImmediate as nextTick } from "node:timers/promises";
import { worstStatus } from "@ringback/contracts/deliveries/event-status";
import { MIN_PREFIX, type CallRow, type CallsQuery, type Figures } from "../figures.ts";
import { DELIVERY_FACETS, EVENT_FACETS, SEVERAL } from "../file/facets.ts";
import type { Ids } from "../file/ids.ts";
import type { RowPosition } from "../projection.ts";
import { seesAgent } from "../../sight/decide/sight.ts";
import { seenCallRows } from "./seen-calls.ts";
import { seenIn } from "./seen.ts";
import { ALWAYS_MS } from "./rows-of-query.ts";

type Position = RowPosition & { readonly id: number };

type Found = Position & { readonly callId: string };

/** The numbers of a query's workspace, and of the agents that it is narrowed to; undefined: all. */
type Within = { readonly workspace: number; readonly agents: readonly number[] | undefined };

/** So many rows take a few milliseconds; then the event loop goes on. */
const ROWS_PER_TICK = 2_000;
/** The same of each of up to 200 agents. */
const ROWS_OF_AGENT = 100;

/** Lists calls. */
export const callsOn = (db: DatabaseSync, ids: Ids): Figures["calls"] => {
  const newest = newestCalls(db);
  const few = fewCalls(db);
  const rowOf = callRows(db, ids);
  const seenRowOf = seenCallRows(db, ids);
  const find = async (within: Within, query: CallsQuery): Promise<readonly Position[]> => {
    const { callId, limit } = query;
    if (callId === undefined) return newest(within, { ...query, limit: limit + 1 });
    const all = few(within, callId);
    if (all !== undefined) return all.filter(isIn(query)).toSorted(newestFirst);
    // Very many: some of them are among the newest calls.
    const found: Found[] = [];
    const maxRows = within.agents === undefined ? ROWS_PER_TICK : ROWS_OF_AGENT;
    let { after } = query;
    for (let rows = 2 * limit; found.length <= limit; rows = Math.min(2 * rows, maxRows)) {
      const some = newest(within, { ...query, after, limit: rows });
      found.push(...some.filter((call) => call.callId.startsWith(callId)));
      if (some.length < rows) break;
      after = some.at(-1);
      await nextTick();
    }
    return found;
  };
  return async (query) => {
    const { workspaceId, limit } = query;
    const workspace = ids.workspace(workspaceId);
    const agents = agentsOf(ids, query);
    const found = workspace === undefined ? [] : await find({ workspace, agents }, query);
    const shown = found.slice(0, limit);
    const next = found.length > limit ? shown.at(-1) : undefined;
    const seen = seenIn(ids, query);
    const rows: CallRow[] = [];
    for (const { id } of shown) {
      const row = seen === undefined ? rowOf(id) : seenRowOf(id, { workspaceId, seen });
      if (row !== undefined) rows.push(row);
      if (seen !== undefined) await nextTick(); // it looks at each event of the call
    }
    return { rows, next };
  };
};

/** Those that a query is narrowed to, by the caller or by whom the caller sees. */
const agentsOf = (ids: Ids, query: CallsQuery): readonly number[] | undefined => {
  const { workspaceId, agentId } = query;
  if (agentId === undefined) return seenIn(ids, query)?.agents;
  const agent = seesAgent(query, agentId) ? ids.agent(workspaceId, agentId) : undefined;
  return agent === undefined ? [] : [agent];
};

const newestFirst = (a: RowPosition, b: RowPosition): number => b.atMs - a.atMs || b.seq - a.seq;

const isIn =
  ({ sinceMs = 0, untilMs = ALWAYS_MS, after }: CallsQuery) =>
  (call: RowPosition): boolean =>
    call.atMs >= sinceMs &&
    call.atMs < untilMs &&
    (after === undefined || newestFirst(call, after) > 0);

/** Reads calls in the order of their list. */
const newestCalls = (db: DatabaseSync) => {
  const after = "first_ms >= ? AND (first_ms, first_seq) < (?, ?)";
  const order = "ORDER BY first_ms DESC, first_seq DESC LIMIT ?";
  const all = db.prepare(`
    SELECT id, first_ms, first_seq, call_id FROM calls INDEXED BY calls_by_workspace
    WHERE workspace = ? AND ${after} ${order}`);
  const ofAgent = db.prepare(`
    SELECT call AS id, first_ms, first_seq, (SELECT call_id FROM calls WHERE id = call) AS call_id
    FROM call_agents INDEXED BY call_agents_by_agent WHERE agent = ? AND ${after} ${order}`);
  return (
    { workspace, agents }: Within,
    { sinceMs = 0, untilMs = ALWAYS_MS, after: last, limit }: CallsQuery,
  ): Found[] => {
    const start = last !== undefined && last.atMs < untilMs ? last : { atMs: untilMs, seq: 0 };
    const bounds = [sinceMs, start.atMs, start.seq, limit] as const;
    const rows =
      agents === undefined
        ? all.all(workspace, ...bounds)
        : agents.flatMap((agent) => ofAgent.all(agent, ...bounds));
    const found = rows.map((row) => ({ ...positionOf(row), callId: String(row["call_id"]) }));
    // A call may have events of several agents.
    const each = [...new Map(found.map((call) => [call.id, call])).values()];
    return each.toSorted(newestFirst).slice(0, limit);
  };
};

const positionOf = (row: Readonly<Record<string, unknown>>): Position => ({
  id: Number(row["id"]),
  atMs: Number(row["first_ms"]),
  seq: Number(row["first_seq"]),
});

/** Reads all calls whose ids begin with a text, in no order; undefined: too many to sort. */
const fewCalls = (db: DatabaseSync) => {
  const found = "FROM calls WHERE workspace = ? AND call_id >= ? AND call_id <= ?";
  const find = db.prepare(`SELECT id, first_ms, first_seq ${found} AND first_ms IS NOT NULL`);
  const isMore = db.prepare(`SELECT 1 ${found} LIMIT 1 OFFSET ${ROWS_PER_TICK}`);
  const isOf = db.prepare(
    "SELECT 1 FROM call_agents WHERE call = ? AND agent IN (SELECT value FROM json_each(?))",
  );
  return ({ workspace, agents }: Within, callId: string): Position[] | undefined => {
    // Ids are of visible ASCII, which is below this character.
    const last = callId.length < MIN_PREFIX ? callId : `${callId}\u007f`;
    if (isMore.get(workspace, callId, last) !== undefined) return undefined;
    const calls = find.all(workspace, callId, last).map(positionOf);
    if (agents === undefined) return calls;
    const of = JSON.stringify(agents);
    return calls.filter(({ id }) => isOf.get(id, of) !== undefined);
  };
};

const MAX_AGENTS = 20;

/** Reads one call. What it takes does not grow with the call's events. */
const callRows = (db: DatabaseSync, ids: Ids) => {
  const find = db.prepare(
    "SELECT workspace, call_id, call_hash, first_ms, last_ms, events, attempts FROM calls WHERE id = ?",
  );
  const agents = db.prepare(
    `SELECT agent FROM call_agents WHERE call = ? ORDER BY agent LIMIT ${MAX_AGENTS}`,
  );
  const [ofEvents, ofDeliveries] = [facetsOf(db, "events"), facetsOf(db, "deliveries")];
  const next = [nextAttemptOf(db, "events"), nextAttemptOf(db, "deliveries")];
  return (id: number): CallRow | undefined => {
    const row = find.get(id);
    if (row === undefined) return undefined;
    const of = { hash: Number(row["call_hash"]), workspace: Number(row["workspace"]) };
    const single = ofEvents(of).map(EVENT_FACETS.stateOf);
    const several = single.includes(SEVERAL) ? ofDeliveries(of).map(DELIVERY_FACETS.stateOf) : [];
    const statuses = [...single.filter((state) => state !== SEVERAL), ...several];
    const waiting = next.flatMap((nextOf) => nextOf(of) ?? []);
    return {
      callId: String(row["call_id"]),
      agentIds: agents.all(id).map(({ agent }) => ids.agentName(Number(agent))),
      firstEventAtMs: Number(row["first_ms"]),
      lastEventAtMs: Number(row["last_ms"]),
      events: Number(row["events"]),
      attempts: Number(row["attempts"]),
      status: worstStatus(statuses) ?? "pending",
      nextAttemptAtMs: waiting.length === 0 ? undefined : Math.min(...waiting),
    };
  };
};

/** Two calls may share a hash, those of one workspace hardly do. */
type OfCall = { readonly hash: number; readonly workspace: number };

/** The different facets of a call's rows, with one look-up for each. */
const facetsOf = (db: DatabaseSync, table: "events" | "deliveries") => {
  const next = db.prepare(`
    SELECT facet FROM ${table} INDEXED BY ${table}_by_call
    WHERE call_hash = ? AND facet > ? AND +workspace = ? ORDER BY facet LIMIT 1`);
  return ({ hash, workspace }: OfCall): number[] => {
    const found: number[] = [];
    for (let last = -1; ;) {
      const row = next.get(hash, last, workspace);
      if (row === undefined) return found;
      last = Number(row["facet"]);
      found.push(last);
    }
  };
};

const nextAttemptOf = (db: DatabaseSync, table: "events" | "deliveries") => {
  const first = db.prepare(`
    SELECT next_attempt_ms FROM ${table} INDEXED BY ${table}_waiting
    WHERE next_attempt_ms IS NOT NULL AND call_hash = ? AND +workspace = ? ORDER BY next_attempt_ms LIMIT 1`);
  return ({ hash, workspace }: OfCall): number | undefined => {
    const row = first.get(hash, workspace);
    return row === undefined ? undefined : Number(row["next_attempt_ms"]);
  };
};
