import type { DatabaseSync } from "node:sqlite";
import type { AgentAddress } from "@ringback/contracts/streams/subjects";
import { EVENT_FACETS } from "../file/facets.ts";

/** An event without a record or a dead letter. */
type UnresolvedEvent = AgentAddress & { readonly seq: number };

export type UnresolvedEvents = {
  /** Events of a range whose check is due, and how far the range was read. */
  readonly read: (range: SequenceRange, nowMs: number) => UnresolvedPage;
  /**
   * Marks those of the events that nobody subscribed to, and sets the next check of the others; skips those
   * that got a record meanwhile.
   */
  readonly checked: (
    events: readonly { readonly seq: number }[],
    unsubscribed: ReadonlySet<number>,
    nowMs: number,
  ) => void;
};

type SequenceRange = { readonly after: number; readonly upTo: number };

type UnresolvedPage = { readonly events: readonly UnresolvedEvent[]; readonly readUpTo: number };

const FIRST_CHECK_MS = 5_000;
const MAX_CHECK_MS = 10 * 60_000;

/**
 * When to check again whether an event has a retry pending, in ms since 1970: after a quarter of its age,
 * so that a backlog of old events costs few checks.
 */
export const nextCheckMs = (storedAtMs: number, nowMs: number): number =>
  nowMs + Math.min(MAX_CHECK_MS, Math.max(FIRST_CHECK_MS, (nowMs - storedAtMs) / 4));

/** Read in one slice; in a long backlog most checks are not due. */
const ROWS = 2_000;

/** A page has at most `max` events. */
export const unresolvedEvents = (db: DatabaseSync, max: number): UnresolvedEvents => {
  const next = db.prepare(`
    SELECT seq, check_ms FROM events INDEXED BY events_unresolved
    WHERE check_ms IS NOT NULL AND seq > ? AND seq <= ? ORDER BY seq LIMIT ${ROWS}`);
  const find = db.prepare(`
    SELECT workspaces.name AS workspace, agents.name AS agent FROM events
    JOIN workspaces ON workspaces.id = events.workspace JOIN agents ON agents.id = events.agent
    WHERE seq = ?`);
  const unresolved = db.prepare(
    "SELECT facet, at_ms FROM events WHERE seq = ? AND check_ms IS NOT NULL",
  );
  const resolve = db.prepare("UPDATE events SET facet = ?, check_ms = NULL WHERE seq = ?");
  const checkAt = db.prepare("UPDATE events SET check_ms = ? WHERE seq = ?");
  return {
    read: ({ after, upTo }, nowMs) => {
      const events: UnresolvedEvent[] = [];
      const rows = next.all(after, upTo);
      let readUpTo = after;
      for (const row of rows) {
        if (events.length === max) return { events, readUpTo };
        const seq = Number(row["seq"]);
        readUpTo = seq;
        if (Number(row["check_ms"]) > nowMs) continue;
        const { workspace, agent } = find.get(seq) ?? {};
        events.push({ seq, workspaceId: String(workspace), agentId: String(agent) });
      }
      return { events, readUpTo: rows.length < ROWS ? upTo : readUpTo };
    },
    checked: (events, unsubscribed, nowMs) => {
      for (const { seq } of events) {
        const row = unresolved.get(seq);
        if (row === undefined) continue;
        if (unsubscribed.has(seq)) {
          resolve.run(EVENT_FACETS.withState(Number(row["facet"]), "no_subscription"), seq);
        } else checkAt.run(nextCheckMs(Number(row["at_ms"]), nowMs), seq);
      }
    },
  };
};
