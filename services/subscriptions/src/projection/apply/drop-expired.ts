import type { DatabaseSync } from "node:sqlite";
import type { ProjectedStream } from "../projection.ts";
import { destinationDropper } from "./destinations.ts";
import { redeliveryDropper } from "./redelivery-counts.ts";
import { attemptCountsDropper } from "./stats.ts";
import { eachStream } from "../file/positions.ts";
import type { SerialExecutor } from "../file/serial-executor.ts";

export type DropExpired = {
  /** Drops the rows of messages before `firstSeq`, where the stream now begins. */
  readonly rows: (stream: ProjectedStream, firstSeq: number) => Promise<void>;
  /** Drops the counts of attempts from before a time. */
  readonly counts: (beforeMs: number) => Promise<void>;
};

/** A row takes some 20 µs, because it is in several indexes. */
const ROWS_PER_SLICE = 200;
const AGENTS_PER_SLICE = 200;

const untilNone = async (some: () => Promise<boolean>, stopping: AbortSignal): Promise<void> => {
  while (!stopping.aborted && (await some())) continue;
};

/** Drops what the streams have dropped, so that the file grows no larger than they are. */
export const dropExpired = (
  db: DatabaseSync,
  serially: SerialExecutor,
  stopping: AbortSignal,
): DropExpired => {
  const oldest = (table: ProjectedStream) =>
    db.prepare(
      `DELETE FROM ${table} WHERE seq IN (SELECT seq FROM ${table} WHERE seq < ? ORDER BY seq LIMIT ${ROWS_PER_SLICE})`,
    );
  const statements = eachStream(oldest);
  const dropDestinations = destinationDropper(db);
  const dropJobs = redeliveryDropper(db);
  const firstSeqs = eachStream(() => 0);
  const agents = db.prepare(
    `SELECT id FROM agents WHERE id > ? ORDER BY id LIMIT ${AGENTS_PER_SLICE}`,
  );
  const dropCounts = attemptCountsDropper(db);
  const busy = new Set<ProjectedStream>();
  return {
    rows: async (stream, firstSeq) => {
      if (busy.has(stream)) return; // called every few seconds: the next call drops the rest
      busy.add(stream);
      try {
        const statement = statements[stream];
        while (!stopping.aborted) {
          const { changes } = await serially(() => statement.run(firstSeq));
          if (Number(changes) < ROWS_PER_SLICE) break;
        }
        firstSeqs[stream] = firstSeq;
        if (stream !== "events") await serially(() => dropJobs(firstSeqs));
        else await untilNone(() => serially(() => dropDestinations(firstSeq)), stopping);
      } finally {
        busy.delete(stream);
      }
    },
    counts: async (beforeMs) => {
      for (let after = 0; !stopping.aborted;) {
        const last = await serially(() => {
          const some = agents.all(after).map((row) => Number(row["id"]));
          for (const agent of some) dropCounts(agent, beforeMs);
          return some.at(-1);
        });
        if (last === undefined) return;
        after = last;
      }
    },
  };
};
