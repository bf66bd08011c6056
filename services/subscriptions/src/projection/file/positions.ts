import type { DatabaseSync } from "node:sqlite";
import type { ProjectedStream } from "../projection.ts";

/** How far each stream is applied, kept in the transaction of the rows. */
export type Positions = {
  readonly appliedUpTo: (stream: ProjectedStream) => number;
  readonly set: (stream: ProjectedStream, seq: number) => void;
};

/** When a stream was made, and the sequence of its last message. */
export type StreamState = { readonly createdMs: number; readonly lastSeq: number };

export type StreamStates = Readonly<Record<ProjectedStream, StreamState>>;

export const PROJECTED_STREAMS = ["events", "attempts", "dead_letters"] as const;

/** One value for each stream. */
export const eachStream = <T>(of: (stream: ProjectedStream) => T): Record<ProjectedStream, T> => ({
  events: of("events"),
  attempts: of("attempts"),
  dead_letters: of("dead_letters"),
});

/**
 * The positions in a file; undefined: its streams have been recreated since, or restored to an earlier
 * state.
 */
export const positionsIn = (db: DatabaseSync, streams: StreamStates): Positions | undefined => {
  const find = db.prepare("SELECT created_ms, applied_seq FROM positions WHERE stream = ?");
  const begin = db.prepare(
    "INSERT INTO positions (stream, created_ms, applied_seq) VALUES (?, ?, 0)",
  );
  const set = db.prepare("UPDATE positions SET applied_seq = ? WHERE stream = ?");
  for (const stream of PROJECTED_STREAMS) {
    const { createdMs, lastSeq } = streams[stream];
    const row = find.get(stream);
    if (row === undefined) begin.run(stream, createdMs);
    else if (row["created_ms"] !== createdMs || Number(row["applied_seq"]) > lastSeq) {
      return undefined;
    }
  }
  return {
    appliedUpTo: (stream) => Number(find.get(stream)?.["applied_seq"] ?? 0),
    set: (stream, seq) => {
      set.run(seq, stream);
    },
  };
};
