import type { DatabaseSync } from "node:sqlite";
import { nextLookMs } from "../decide/next-check.ts";
import { EVENT_FACETS } from "../file/facets.ts";

/** An event of which there is neither a record nor a dead letter. */
export type Undecided = {
  readonly seq: number;
  readonly workspaceId: string;
  readonly agentId: string;
};

export type UndecidedEvents = {
  /** Some of those in a range that are to be looked at by now, and how far the range was read. */
  readonly read: (range: SequenceSpan, nowMs: number) => UndecidedPage;
  /** Nothing is to come of them. Those of which something has come meanwhile stay as they are. */
  readonly settle: (seqs: readonly number[]) => void;
  /** Something is to come: they are looked at again later. */
  readonly putOff: (seqs: readonly number[], nowMs: number) => void;
};

export type SequenceSpan = { readonly after: number; readonly upTo: number };

export type UndecidedPage = { readonly events: readonly Undecided[]; readonly readUpTo: number };

/** Read in a turn of the event loop; most of a long backlog is not to be looked at yet. */
const ROWS = 2_000;

/** At most `most` events are read at once. */
export const undecidedEvents = (db: DatabaseSync, most: number): UndecidedEvents => {
  const next = db.prepare(`
    SELECT seq, look_ms FROM events INDEXED BY events_undecided
    WHERE look_ms IS NOT NULL AND seq > ? AND seq <= ? ORDER BY seq LIMIT ${ROWS}`);
  const find = db.prepare(`
    SELECT workspaces.name AS workspace, agents.name AS agent FROM events
    JOIN workspaces ON workspaces.id = events.workspace JOIN agents ON agents.id = events.agent
    WHERE seq = ?`);
  const pending = db.prepare(
    "SELECT facet, at_ms FROM events WHERE seq = ? AND look_ms IS NOT NULL",
  );
  const settle = db.prepare("UPDATE events SET facet = ?, look_ms = NULL WHERE seq = ?");
  const putOff = db.prepare("UPDATE events SET look_ms = ? WHERE seq = ?");
  return {
    read: ({ after, upTo }, nowMs) => {
      const events: Undecided[] = [];
      const rows = next.all(after, upTo);
      let readUpTo = after;
      for (const row of rows) {
        if (events.length === most) return { events, readUpTo };
        const seq = Number(row["seq"]);
        readUpTo = seq;
        if (Number(row["look_ms"]) > nowMs) continue;
        const { workspace, agent } = find.get(seq) ?? {};
        events.push({ seq, workspaceId: String(workspace), agentId: String(agent) });
      }
      return { events, readUpTo: rows.length < ROWS ? upTo : readUpTo };
    },
    settle: (seqs) => {
      for (const seq of seqs) {
        const row = pending.get(seq);
        if (row === undefined) continue;
        settle.run(EVENT_FACETS.withState(Number(row["facet"]), "no_subscription"), seq);
      }
    },
    putOff: (seqs, nowMs) => {
      for (const seq of seqs) {
        const row = pending.get(seq);
        if (row !== undefined) putOff.run(nextLookMs(Number(row["at_ms"]), nowMs), seq);
      }
    },
  };
};
