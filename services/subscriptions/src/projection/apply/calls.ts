import type { DatabaseSync } from "node:sqlite";
import type { EventAddress } from "@ringback/contracts/streams/subjects";
import { callHash } from "../file/ids.ts";

/** An event with its numbers in the index. */
type Numbered = { readonly workspace: number; readonly agent: number };

/** Keeps each call with its number of events and attempts, so that a list of calls adds nothing up. */
export const keepCalls = (db: DatabaseSync) => {
  const addEvent = db.prepare(`
    INSERT INTO calls (workspace, call_id, call_hash, first_ms, first_seq, last_ms, events, attempts)
    VALUES (?, ?, ?, ?, ?, ?, 1, 0)
    ON CONFLICT (workspace, call_id) DO UPDATE SET
      first_ms = ifnull(first_ms, excluded.first_ms), first_seq = ifnull(first_seq, excluded.first_seq),
      last_ms = max(ifnull(last_ms, 0), excluded.last_ms), events = events + 1
    RETURNING id, first_ms, first_seq`);
  const addAgent = db.prepare(`
    INSERT INTO call_agents (call, agent, events, first_ms, first_seq) VALUES (?, ?, 1, ?, ?)
    ON CONFLICT (call, agent) DO UPDATE SET events = events + 1`);
  const addAttempt = db.prepare(`
    INSERT INTO calls (workspace, call_id, call_hash, events, attempts) VALUES (?, ?, ?, 0, 1)
    ON CONFLICT (workspace, call_id) DO UPDATE SET attempts = attempts + 1`);
  return {
    /** An event has got its time. EVENTS is read in its order: the first one of a call comes first. */
    event: (address: EventAddress, { workspace, agent }: Numbered, seq: number, atMs: number) => {
      const { callId } = address;
      const row = addEvent.get(workspace, callId, hashOf(address), atMs, seq, atMs) ?? {};
      addAgent.run(Number(row["id"]), agent, Number(row["first_ms"]), Number(row["first_seq"]));
    },
    /** An attempt at an event, which may have no time yet. */
    attempted: (address: EventAddress, workspace: number): void => {
      addAttempt.run(workspace, address.callId, hashOf(address));
    },
  };
};

const hashOf = ({ workspaceId, callId }: EventAddress): number => callHash(workspaceId, callId);

/** So many events of at most as many calls take a few milliseconds. */
const EVENTS_PER_SLICE = 200;

/** Drops some events before a sequence, and takes them from their calls; true: there are more. */
export const eventDropper = (db: DatabaseSync) => {
  const some = `SELECT seq FROM events WHERE seq < ? ORDER BY seq LIMIT ${EVENTS_PER_SLICE}`;
  const taken = db.prepare(`
    SELECT workspace, call_id, agent, count(at_ms) AS events, sum(attempts) AS attempts FROM events
    WHERE seq IN (${some}) GROUP BY workspace, call_id, agent`);
  const drop = db.prepare(`DELETE FROM events WHERE seq IN (${some})`);
  const takeFrom = callReducer(db);
  return (firstSeq: number): boolean => {
    const all = taken.all(firstSeq);
    const { changes } = drop.run(firstSeq);
    for (const row of all) {
      const [workspace, agent, events, attempts] = ["workspace", "agent", "events", "attempts"].map(
        (name) => Number(row[name]),
      ) as [number, number, number, number];
      takeFrom({ workspace, callId: String(row["call_id"]) }, { agent, events, attempts });
    }
    return Number(changes) === EVENTS_PER_SLICE;
  };
};

type Taken = { readonly agent: number; readonly events: number; readonly attempts: number };

/** Takes events that are gone from a call: those that remain say when it began. */
const callReducer = (db: DatabaseSync) => {
  const take = db.prepare(`
    UPDATE calls SET events = events - ?, attempts = attempts - ? WHERE workspace = ? AND call_id = ?
    RETURNING id, call_hash`);
  const takeAgent = db.prepare(
    "UPDATE call_agents SET events = events - ? WHERE call = ? AND agent = ?",
  );
  const dropAgents = db.prepare("DELETE FROM call_agents WHERE call = ? AND events <= ?");
  // One look-up for each facet that the call has, however many events those are.
  const first = db.prepare(`
    WITH RECURSIVE facets (facet) AS (
      SELECT min(facet) FROM events WHERE call_hash = ?1
      UNION ALL
      SELECT (SELECT min(facet) FROM events WHERE call_hash = ?1 AND facet > facets.facet) FROM facets
      WHERE facet IS NOT NULL
    )
    SELECT min(seq) AS seq FROM (
      SELECT (SELECT seq FROM events INDEXED BY events_by_call
        WHERE call_hash = ?1 AND facet = facets.facet AND at_ms IS NOT NULL AND call_id = ?2 ORDER BY at_ms, seq LIMIT 1) AS seq
      FROM facets WHERE facet IS NOT NULL)`);
  const begin = db.prepare(
    "UPDATE calls SET first_seq = ?1, first_ms = (SELECT at_ms FROM events WHERE seq = ?1) WHERE id = ?2 RETURNING first_ms",
  );
  const beginAgents = db.prepare(
    "UPDATE call_agents SET first_ms = ?, first_seq = ? WHERE call = ?",
  );
  const isKnown = db.prepare("SELECT 1 FROM events WHERE call_hash = ? AND call_id = ? LIMIT 1");
  const drop = db.prepare("DELETE FROM calls WHERE id = ?");
  return (
    call: { readonly workspace: number; readonly callId: string },
    { agent, events, attempts }: Taken,
  ): void => {
    const { id, call_hash: hash } = take.get(events, attempts, call.workspace, call.callId) ?? {};
    if (typeof id !== "number" || typeof hash !== "number") return;
    takeAgent.run(events, id, agent);
    dropAgents.run(id, 0);
    const seq = first.get(hash, call.callId)?.["seq"];
    if (typeof seq === "number") {
      const { first_ms: ms } = begin.get(seq, id) ?? {};
      beginAgents.run(Number(ms), seq, id);
    } else if (isKnown.get(hash, call.callId) !== undefined) begin.get(null, id);
    else {
      drop.run(id);
      dropAgents.run(id, Number.MAX_SAFE_INTEGER);
    }
  };
};
