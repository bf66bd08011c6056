import type { DatabaseSync } from "node:sqlite";
import { attemptCounter } from "./stats.ts";

/** An event by its sequence, whose it is, and when EVENTS stored it. */
type Owned = { readonly seq: number; readonly workspace: number; readonly agent: number };

/**
 * Counts how long events waited for the first attempt at each of their destinations. Streams are followed side by side,
 * so an attempt may come before its event: it is kept until then.
 */
export const firstAttempts = (db: DatabaseSync) => {
  const ofAgent = attemptCounter(db, "agent");
  const ofWorkspace = attemptCounter(db, "workspace");
  const storedAt = db.prepare("SELECT at_ms FROM events WHERE seq = ?");
  const keep = db.prepare("INSERT INTO early_attempts (event_seq, at_ms) VALUES (?, ?)");
  const kept = db.prepare("SELECT at_ms FROM early_attempts WHERE event_seq = ?");
  const forget = db.prepare("DELETE FROM early_attempts WHERE event_seq = ?");
  const count = ({ workspace, agent }: Owned, storedAtMs: number, atMs: number): void => {
    // The clocks of a dispatcher and of NATS may differ by more than the wait.
    const waitedMs = Math.max(0, atMs - storedAtMs);
    ofAgent(agent, atMs, "first_attempt", waitedMs);
    ofWorkspace(workspace, atMs, "first_attempt", waitedMs);
  };
  return {
    /** An attempt that is the first of its delivery; the event may have no row, or one without a time. */
    made: (event: Owned, atMs: number): void => {
      const storedAtMs = storedAt.get(event.seq)?.["at_ms"];
      if (typeof storedAtMs === "number") count(event, storedAtMs, atMs);
      else keep.run(event.seq, atMs);
    },
    /** Call it when an event comes after its records. */
    eventCame: (event: Owned, storedAtMs: number): void => {
      for (const row of kept.all(event.seq)) count(event, storedAtMs, Number(row["at_ms"]));
      forget.run(event.seq);
    },
  };
};

/** Forgets attempts at events before a sequence, which will not come any more. */
export const earlyAttemptsDropper = (db: DatabaseSync) => {
  const drop = db.prepare("DELETE FROM early_attempts WHERE event_seq < ?");
  return (firstEventSeq: number): void => {
    drop.run(firstEventSeq);
  };
};
