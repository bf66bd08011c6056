import type { DatabaseSync } from "node:sqlite";
import type { AttemptRecord } from "@ringback/contracts/attempt";
import type { RedeliveryProgress } from "./projection.ts";

/**
 * Counts a record for the job that asked for its delivery. Each record is applied once, in one
 * transaction with the position of its stream, so the counts are right without the records.
 */
export const redeliveryCounter = (db: DatabaseSync) => {
  const add = db.prepare(`
    INSERT INTO redeliveries (workspace, name, attempted, delivered, failed, cancelled, last_seq)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (workspace, name) DO UPDATE SET
      attempted = attempted + excluded.attempted, delivered = delivered + excluded.delivered,
      failed = failed + excluded.failed, cancelled = cancelled + excluded.cancelled,
      last_seq = excluded.last_seq`);
  return (workspace: number, record: AttemptRecord, seq: number): void => {
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
    );
  };
};

export const redeliveryReader = (db: DatabaseSync) => {
  const find = db.prepare(
    "SELECT attempted, delivered, failed, cancelled FROM redeliveries WHERE workspace = ? AND name = ?",
  );
  return (workspace: number | undefined, redeliveryId: string): RedeliveryProgress => {
    const row = workspace === undefined ? undefined : find.get(workspace, redeliveryId);
    const count = (name: keyof RedeliveryProgress): number => Number(row?.[name] ?? 0);
    return {
      attempted: count("attempted"),
      delivered: count("delivered"),
      failed: count("failed"),
      cancelled: count("cancelled"),
    };
  };
};
