import type { DatabaseSync } from "node:sqlite";
import { setImmediate as nextTick } from "node:timers/promises";
import type { Ids } from "./ids.ts";

/** Runs work in the order in which it came, one piece per tick of the event loop. */
export type SerialExecutor = <T>(work: () => T) => Promise<T>;

/** One piece of work ends after this time: requests that come meanwhile wait for it. */
export const SLICE_MS = 3;

/** SQLite blocks the event loop. Runs one slice per tick so that three writers do not starve requests. */
export const serialExecutor = (onError: (error: unknown) => void): SerialExecutor => {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(() => nextTick()).then(work);
    last = result.catch(onError); // the caller gets the error too
    return result;
  };
};

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
      // A damaged or full database has ended the transaction by itself.
      if (db.isTransaction) db.exec("ROLLBACK");
      throw error;
    }
  };
