// Stores each event once, before the response; does the work after it. Node.js 22.13 or newer; any database with a
// unique key will do.
import { DatabaseSync } from "node:sqlite";

export const db = new DatabaseSync(process.env.EVENTS_DB ?? "events.db");
db.exec(`CREATE TABLE IF NOT EXISTS webhook_events (
  webhook_id TEXT PRIMARY KEY, -- the same at every attempt: the unique key
  event TEXT NOT NULL,
  done INTEGER NOT NULL DEFAULT 0 -- 0: the work is still to be done
)`);

/** Throws if the event could not be stored. Then respond with 500, and Ringback sends it again. */
export async function handleEvent(id, event) {
  db.prepare(
    "INSERT INTO webhook_events (webhook_id, event) VALUES (?, ?) ON CONFLICT DO NOTHING",
  ).run(id, JSON.stringify(event));
}

/** Does the work of events that are not done. Call it again a second after it ends: what fails is tried again. */
export async function workOff(work) {
  const due = db.prepare("SELECT webhook_id, event FROM webhook_events WHERE done = 0").all();
  for (const { webhook_id, event } of due) {
    try {
      await work(webhook_id, JSON.parse(event));
      db.prepare("UPDATE webhook_events SET done = 1 WHERE webhook_id = ?").run(webhook_id);
    } catch (error) {
      console.error("not done, to be tried again", webhook_id, error);
    }
  }
}
