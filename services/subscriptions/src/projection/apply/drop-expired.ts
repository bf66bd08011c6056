import type { DatabaseSync } from "node:sqlite";
import type { ProjectedStream } from "../projection.ts";
import { destinationDropper } from "./destinations.ts";
import { redeliveryDropper } from "./redelivery-counts.ts";
import { destinationCountsDropper } from "../counts/destination-counts.ts";
import { earlyAttemptsDropper } from "../counts/first-attempts.ts";
import { minuteCountsDropper } from "../counts/minute-counts.ts";
import { attemptCountsDropper, type CountsOf } from "../counts/stats.ts";
import { eventDropper } from "./calls.ts";
import { eachStream } from "../file/positions.ts";
import type { SerialExecutor, Transaction } from "../file/serial-executor.ts";

export type DropExpired = {
  /** Drops the rows of messages before `firstSeq`, where the stream now begins. */
  readonly rows: (stream: ProjectedStream, firstSeq: number) => Promise<void>;
  /** Drops the counts from before a time; those that only show the last days, from before `recentMs`. */
  readonly counts: (beforeMs: number, recentMs: number) => Promise<void>;
};

/** A row takes some 20 µs, because it is in several indexes. */
const ROWS_PER_SLICE = 200;
const OWNERS_PER_SLICE = 200;

const untilNone = async (some: () => Promise<boolean>, stopping: AbortSignal): Promise<void> => {
  while (!stopping.aborted && (await some())) continue;
};

/** Drops what the streams have dropped, so that the file grows no larger than they are. */
export const dropExpired = (
  db: DatabaseSync,
  {
    serially,
    transaction,
  }: { readonly serially: SerialExecutor; readonly transaction: Transaction },
  stopping: AbortSignal,
): DropExpired => {
  const droppers = eachStream((stream) =>
    stream === "events" ? eventDropper(db) : rowDropper(db, stream),
  );
  const dropDestinations = destinationDropper(db);
  const dropJobs = redeliveryDropper(db);
  const firstSeqs = eachStream(() => 0);
  const dropDeliveries = deliveryDropper(db);
  const dropEarly = earlyAttemptsDropper(db);
  const dropCounts = [
    countsDropper(db, "agent"),
    countsDropper(db, "endpoint"),
    countsDropper(db, "workspace"),
  ];
  const busy = new Set<ProjectedStream>();
  return {
    rows: async (stream, firstSeq) => {
      if (busy.has(stream)) return; // called every few seconds: the next call drops the rest
      busy.add(stream);
      try {
        const some = (): boolean => transaction(() => droppers[stream](firstSeq));
        await untilNone(() => serially(some), stopping);
        firstSeqs[stream] = firstSeq;
        if (stream !== "events") await serially(() => dropJobs(firstSeqs));
        else {
          await untilNone(() => serially(() => dropDeliveries(firstSeq)), stopping);
          await untilNone(() => serially(() => dropDestinations(firstSeq)), stopping);
          await serially(() => dropEarly(firstSeq));
        }
      } finally {
        busy.delete(stream);
      }
    },
    counts: async (...before) => {
      for (const drop of dropCounts) {
        let after: number | undefined = Number.MIN_SAFE_INTEGER;
        while (after !== undefined && !stopping.aborted) {
          const from: number = after;
          after = await serially(() => drop(from, ...before));
        }
      }
    },
  };
};

/** Drops some rows before a sequence; true: there are more. */
const rowDropper = (db: DatabaseSync, table: ProjectedStream) => {
  const drop = db.prepare(
    `DELETE FROM ${table} WHERE seq IN (SELECT seq FROM ${table} WHERE seq < ? ORDER BY seq LIMIT ${ROWS_PER_SLICE})`,
  );
  return (firstSeq: number): boolean => Number(drop.run(firstSeq).changes) === ROWS_PER_SLICE;
};

/** Drops some deliveries of events before a sequence; true: there are more. */
const deliveryDropper = (db: DatabaseSync) => {
  const drop = db.prepare(`
    DELETE FROM deliveries WHERE (event_seq, endpoint) IN
      (SELECT event_seq, endpoint FROM deliveries WHERE event_seq < ? ORDER BY event_seq LIMIT ${ROWS_PER_SLICE})`);
  return (firstEventSeq: number): boolean =>
    Number(drop.run(firstEventSeq).changes) === ROWS_PER_SLICE;
};

const OWNERS = { agent: "agents", endpoint: "endpoints", workspace: "workspaces" } as const;

/** Drops the counts of some agents, endpoints or workspaces; gives the last one of them, or undefined after all. */
const countsDropper = (db: DatabaseSync, of: CountsOf) => {
  const [table, id] = [OWNERS[of], of === "endpoint" ? "hash" : "id"];
  const next = db.prepare(
    `SELECT ${id} AS id FROM ${table} WHERE ${id} > ? ORDER BY ${id} LIMIT ${OWNERS_PER_SLICE}`,
  );
  const drop = attemptCountsDropper(db, of);
  const recent =
    of === "workspace" ? [minuteCountsDropper(db), destinationCountsDropper(db)] : ([] as const);
  return (after: number, beforeMs: number, recentMs: number): number | undefined => {
    const some = next.all(after).map((row) => Number(row["id"]));
    for (const one of some) {
      drop(one, beforeMs);
      for (const dropRecent of recent) dropRecent(one, Math.max(beforeMs, recentMs));
    }
    return some.at(-1);
  };
};
