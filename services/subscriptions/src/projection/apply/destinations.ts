import type { DatabaseSync } from "node:sqlite";

/**
 * Keeps each destination (a callback URL without its query) once, as very many events share one. The function
 * returned gives the number that the row of this event has in its place.
 */
export const keepDestination = (db: DatabaseSync) => {
  const keep = db.prepare(`
    INSERT INTO destinations (url, last_event_seq) VALUES (?, ?)
    ON CONFLICT (url) DO UPDATE SET last_event_seq = max(last_event_seq, excluded.last_event_seq)
    RETURNING id`);
  return (url: string, eventSeq: number): number => Number(keep.get(url, eventSeq)?.["id"]);
};

const PER_SLICE = 200;

/**
 * Drops some destinations that only events before a sequence have, whose rows are gone; true: there are more.
 * What a customer called is kept no longer than the events that went there.
 */
export const destinationDropper = (db: DatabaseSync) => {
  const drop = db.prepare(`
    DELETE FROM destinations WHERE id IN
      (SELECT id FROM destinations WHERE last_event_seq < ? ORDER BY last_event_seq LIMIT ${PER_SLICE})`);
  return (firstEventSeq: number): boolean => Number(drop.run(firstEventSeq).changes) === PER_SLICE;
};
