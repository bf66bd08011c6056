import type { DatabaseSync } from "node:sqlite";
import { setImmediate as nextTick } from "node:timers/promises";
import { countedNumber, countedOf, type Counted } from "../file/counted.ts";
import { INTERVAL_MS } from "./stats.ts";

/** A time in parts of the same length, which begin at multiples of it; the first part begins at `sinceMs`. */
type Buckets = {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly bucketMs: number;
};

/** Adds counts up: how often what was counted, and in which bucket (from 0). */
export type AddCount = (bucket: number, counted: Counted, count: number) => void;

/** Adds up counts that one owner has in a table. */
type BucketReader = (owner: number, buckets: Buckets, add: AddCount) => Promise<void>;

const SOURCES = {
  workspace: { table: "minute_counts", owner: "workspace", unit: "minute", unitMs: 60_000 },
  agent: { table: "attempt_counts", owner: "agent", unit: "interval", unitMs: INTERVAL_MS },
  endpoint: { table: "endpoint_counts", owner: "endpoint", unit: "interval", unitMs: INTERVAL_MS },
} as const;

type BucketsOf = keyof typeof SOURCES;

/** One query adds up no more than a day; then the event loop goes on. */
const SLICE_MS = 24 * 3_600_000;

/** Reads the counts of an agent, endpoint or workspace by buckets. */
export const bucketReader = (db: DatabaseSync, of: BucketsOf): BucketReader => {
  const { table, owner, unit, unitMs } = SOURCES[of];
  const sums = db.prepare(`
    SELECT (${unit} - CAST(? AS INTEGER)) / CAST(? AS INTEGER) AS bucket, result, sum(count) AS count FROM ${table}
    WHERE ${owner} = ? AND ${unit} >= ? AND ${unit} < ? GROUP BY 1, 2`);
  return async (whose, { sinceMs, untilMs, bucketMs }, add) => {
    const first = Math.floor(sinceMs / unitMs);
    const units = bucketMs / unitMs;
    for (let fromMs = sinceMs; fromMs < untilMs; fromMs += SLICE_MS) {
      const from = Math.floor(fromMs / unitMs);
      const to = Math.ceil(Math.min(untilMs, fromMs + SLICE_MS) / unitMs);
      for (const row of sums.all(first, units, whose, from, to)) {
        add(Number(row["bucket"]), countedOf(Number(row["result"])), Number(row["count"]));
      }
      await nextTick();
    }
  };
};

/** Reads how long events waited for their first attempts: how often which step of durations. */
export const firstAttemptReader = (db: DatabaseSync, of: "agent" | "workspace") => {
  const table = of === "agent" ? "attempt_counts" : "workspace_counts";
  const steps = db.prepare(`
    SELECT duration, sum(count) AS count FROM ${table}
    WHERE ${of} = ? AND interval >= ? AND interval < ? AND result = ${countedNumber("first_attempt")} GROUP BY 1`);
  return async (whose: number, span: Buckets, byStep: Map<number, number>): Promise<void> => {
    for (let fromMs = span.sinceMs; fromMs < span.untilMs; fromMs += SLICE_MS) {
      const from = Math.floor(fromMs / INTERVAL_MS);
      const to = Math.ceil(Math.min(span.untilMs, fromMs + SLICE_MS) / INTERVAL_MS);
      for (const row of steps.all(whose, from, to)) {
        const step = Number(row["duration"]);
        byStep.set(step, (byStep.get(step) ?? 0) + Number(row["count"]));
      }
      await nextTick();
    }
  };
};
