import type { DatabaseSync } from "node:sqlite";
import { countedNumber, type Counted } from "../file/counted.ts";

const MINUTE_MS = 60_000;

/** Counts a result of a workspace in its minute, without how long it took: a week of a busy workspace is few rows. */
export const minuteCounter = (db: DatabaseSync) => {
  const add = db.prepare(`
    INSERT INTO minute_counts (workspace, minute, result, count) VALUES (?, ?, ?, 1)
    ON CONFLICT (workspace, minute, result) DO UPDATE SET count = count + 1`);
  return (workspace: number, atMs: number, counted: Counted): void => {
    add.run(workspace, Math.floor(atMs / MINUTE_MS), countedNumber(counted));
  };
};

/** Forgets a workspace's minutes from before a time. */
export const minuteCountsDropper = (db: DatabaseSync) => {
  const drop = db.prepare("DELETE FROM minute_counts WHERE workspace = ? AND minute < ?");
  return (workspace: number, beforeMs: number): void => {
    drop.run(workspace, Math.floor(beforeMs / MINUTE_MS));
  };
};
