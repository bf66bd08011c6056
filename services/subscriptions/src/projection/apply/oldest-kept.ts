import type { DatabaseSync } from "node:sqlite";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { eachStream } from "../file/positions.ts";
import type { ProjectedStream } from "../projection.ts";

/** Rows are dropped once this share of the limit is in use; the rest is for what comes meanwhile. */
const FULL_AT = 0.9;

/** What is to be in use then, as a share of the limit. */
const SHRINK_TO = 0.85;

/** The newest of each stream that are never dropped: something else takes the room then. */
const ALWAYS_KEPT = 10_000;

type OldestKeptOptions = {
  /** `PROJECTION_MAX_BYTES`; undefined: the index has everything that the streams have. */
  readonly maxBytes: number | undefined;
  readonly usedBytes: () => number;
  readonly appliedUpTo: (stream: ProjectedStream) => number;
  readonly log: Logger;
};

/** From which sequence on a stream's messages stay in the index, given the first that the stream has. */
export type OldestKept = (stream: ProjectedStream, firstSeq: number) => number;

/**
 * Where an index that may grow no further begins. A full volume would take the process with all its lists, and
 * all instances at about the same time. The newest rows are those that people look for.
 */
export const oldestKept = (
  db: DatabaseSync,
  { maxBytes = Number.POSITIVE_INFINITY, usedBytes, appliedUpTo, log }: OldestKeptOptions,
): OldestKept => {
  const first = eachStream((stream) => db.prepare(`SELECT min(seq) AS seq FROM ${stream}`));
  const isReported = eachStream(() => false);
  return (stream, firstSeq) => {
    const used = usedBytes();
    const begins = Math.max(firstSeq, Number(first[stream].get()?.["seq"] ?? 0));
    const kept = appliedUpTo(stream) + 1 - begins;
    const tooMuch = Math.round(kept * (1 - (maxBytes * SHRINK_TO) / used));
    const dropped = Math.min(tooMuch, kept - ALWAYS_KEPT);
    const forgets = used > maxBytes * FULL_AT && dropped > 0;
    if (forgets && !isReported[stream]) log.warn({ stream, maxBytes }, "projection.forgets_oldest");
    isReported[stream] = forgets;
    return forgets ? begins + dropped : firstSeq;
  };
};
