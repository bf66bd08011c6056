import type { DatabaseSync } from "node:sqlite";
import type { ProjectedStream } from "../projection.ts";
import { redeliveryDropper } from "./redelivery-counts.ts";
import { attemptCountsDropper } from "./stats.ts";
import type { Turns } from "../file/serial-executor.ts";

export type DropExpired = {
  /** Drops the rows of messages that the stream has no more, as it now begins at `firstSeq`. */
  readonly rows: (stream: ProjectedStream, firstSeq: number) => Promise<void>;
  /** Drops the counts of attempts from before a time. */
  readonly counts: (beforeMs: number) => Promise<void>;
};

/** Each takes some 20 µs, as it stands in several indexes. */
const ROWS_PER_TURN = 200;
const AGENTS_PER_TURN = 200;

/** Keeps the file no larger than the streams: what they have dropped is dropped here. */
export const dropExpired = (
  db: DatabaseSync,
  inTurn: Turns,
  stopping: AbortSignal,
): DropExpired => {
  const oldest = (table: ProjectedStream) =>
    db.prepare(
      `DELETE FROM ${table} WHERE seq IN (SELECT seq FROM ${table} WHERE seq < ? ORDER BY seq LIMIT ${ROWS_PER_TURN})`,
    );
  const statements = {
    events: oldest("events"),
    attempts: oldest("attempts"),
    dead_letters: oldest("dead_letters"),
  };
  const dropJobs = redeliveryDropper(db);
  const firstSeqs = { events: 0, attempts: 0, dead_letters: 0 };
  const agents = db.prepare(
    `SELECT id FROM agents WHERE id > ? ORDER BY id LIMIT ${AGENTS_PER_TURN}`,
  );
  const dropCounts = attemptCountsDropper(db);
  const busy = new Set<ProjectedStream>();
  return {
    rows: async (stream, firstSeq) => {
      if (busy.has(stream)) return; // asked every few seconds: what is left is dropped then
      busy.add(stream);
      try {
        const statement = statements[stream];
        while (!stopping.aborted) {
          const { changes } = await inTurn(() => statement.run(firstSeq));
          if (Number(changes) < ROWS_PER_TURN) break;
        }
        firstSeqs[stream] = firstSeq;
        if (stream !== "events") await inTurn(() => dropJobs(firstSeqs));
      } finally {
        busy.delete(stream);
      }
    },
    counts: async (beforeMs) => {
      for (let after = 0; !stopping.aborted;) {
        const last = await inTurn(() => {
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
