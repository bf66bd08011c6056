import type { DatabaseSync } from "node:sqlite";
import type { Ids } from "./ids.ts";

/** Runs everything or nothing. */
export type Transaction = <T>(work: () => T) => T;

export const transactionOn =
  (db: DatabaseSync, ids: Ids): Transaction =>
  (work) => {
    db.exec("BEGIN");
    try {
      const result = work();
      db.exec("COMMIT");
      return result;
    } catch (error) {
      ids.forget();
      // What is damaged or full has ended the transaction by itself.
      if (db.isTransaction) db.exec("ROLLBACK");
      throw error;
    }
  };
