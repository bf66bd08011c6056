import type { DatabaseSync } from "node:sqlite";
import type { ProjectedStream } from "../projection.ts";

/** How far each stream is applied, kept in the transaction of the rows. */
export type Positions = {
  readonly appliedUpTo: (stream: ProjectedStream) => number;
  readonly set: (stream: ProjectedStream, seq: number) => void;
};

/** What a stream is now: made at, and the sequence of its last message. */
export type StreamState = { readonly createdMs: number; readonly lastSeq: number };

export type StreamStates = Readonly<Record<ProjectedStream, StreamState>>;

export const PROJECTED_STREAMS = ["events", "attempts", "dead_letters"] as const;

/**
 * The positions in a file, or undefined when they are of other streams: of such that were made anew
 * since, or put back to an earlier state.
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
