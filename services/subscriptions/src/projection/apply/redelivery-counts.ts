import type { DatabaseSync } from "node:sqlite";
import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import type { RedeliveryProgress } from "../projection.ts";

/**
 * Counts what the deliveries of a job come to. Each message is applied once, in one transaction with the
 * position of its stream, so the counts are right without the records.
 */
export const redeliveryCounter = (db: DatabaseSync) => {
  const add = db.prepare(`
    INSERT INTO redeliveries (workspace, name, attempted, delivered, failed, cancelled, last_seq, last_dead_letter_seq)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (workspace, name) DO UPDATE SET
      attempted = attempted + excluded.attempted, delivered = delivered + excluded.delivered,
      failed = failed + excluded.failed, cancelled = cancelled + excluded.cancelled,
      last_seq = max(last_seq, excluded.last_seq),
      last_dead_letter_seq = max(last_dead_letter_seq, excluded.last_dead_letter_seq)`);
  return {
    recorded: (workspace: number, record: AttemptRecord, seq: number): void => {
      const name: unknown = record["redelivery_id"];
      if (typeof name !== "string") return;
      const { kind } = record.outcome;
      add.run(
        workspace,
        name,
        Number(record.attempt === 1),
        Number(kind === "delivered"),
        Number(record.next.kind === "dead_letter"),
        Number(kind === "cancelled"),
        seq,
        0,
      );
    },
    /** Counts a delivery that ended without a last record: the event is gone, or a platform fault did not end. */
    deadLettered: (workspace: number, deadLetter: DeadLetter, seq: number): void => {
      const name: unknown = deadLetter["redelivery_id"];
      const last = deadLetter.reason === "invalid_event" ? undefined : deadLetter.last_attempt;
      // The record of the last attempt has counted it.
      const isCounted = last !== undefined && last.next.kind !== "retry";
      if (typeof name !== "string" || isCounted) return;
      add.run(workspace, name, 0, 0, 1, 0, 0, seq);
    },
  };
};

/** Drops the counts of jobs without messages in either stream from these sequences on. */
export const redeliveryDropper = (db: DatabaseSync) => {
  const drop = db.prepare(`
    DELETE FROM redeliveries
    WHERE (last_seq = 0 OR last_seq < ?) AND (last_dead_letter_seq = 0 OR last_dead_letter_seq < ?)`);
  return (firstSeqs: { readonly attempts: number; readonly dead_letters: number }): void => {
    drop.run(firstSeqs.attempts, firstSeqs.dead_letters);
  };
};

export const redeliveryReader = (db: DatabaseSync) => {
  const find = db.prepare(
    "SELECT attempted, delivered, failed, cancelled FROM redeliveries WHERE workspace = ? AND name = ?",
  );
  return (workspace: number | undefined, redeliveryId: string): RedeliveryProgress => {
    const row = workspace === undefined ? undefined : find.get(workspace, redeliveryId);
    return { attempted: 0, delivered: 0, failed: 0, cancelled: 0, ...row };
  };
};
