import type { DatabaseSync } from "node:sqlite";
import type { RowSeq } from "../projection.ts";

/** Two events may share a hash: the last letter of the one is hardly behind so many of the other. */
const MAX_LETTERS = 10;

/** The dead letters of an event by its hash (`eventHash`), newest first. */
export const deadLettersOfReader = (db: DatabaseSync) => {
  const find = db.prepare(`
    SELECT seq FROM dead_letters INDEXED BY dead_letters_by_event
    WHERE event_hash = ? AND +workspace = ? ORDER BY seq DESC LIMIT ${MAX_LETTERS}`);
  return (workspace: number | undefined, hash: number): RowSeq[] => {
    if (workspace === undefined) return [];
    return find.all(hash, workspace).map((row) => ({ seq: Number(row["seq"]) }));
  };
};
