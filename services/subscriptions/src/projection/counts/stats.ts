import { setImmediate as nextTick } from "node:timers/promises";
import type { DatabaseSync } from "node:sqlite";
import type { FailureReason } from "@ringback/contracts/deliveries/attempt";
import { countedNumber, countedOf, isAttemptResult, type Counted } from "../file/counted.ts";
import type { AttemptStats } from "../projection.ts";

/** Counts are kept for intervals of this length, so that a month of a busy agent is few rows. */
export const INTERVAL_MS = 5 * 60_000;

/** Durations are counted in steps of 12 %, from 1 ms on: a percentile is right within 6 %. */
const STEPS_PER_DECADE = 20;
/** 11 days: an event may wait that long for its first attempt. */
const MAX_STEP = 9 * STEPS_PER_DECADE;

const stepOf = (durationMs: number): number =>
  Math.min(
    MAX_STEP,
    Math.max(0, Math.round(STEPS_PER_DECADE * Math.log10(Math.max(durationMs, 1)))),
  );

const msOf = (step: number): number => Math.round(10 ** (step / STEPS_PER_DECADE));

/** Whose counts they are: an agent's or workspace's by its number, or an endpoint's by its hash. */
export type CountsOf = "agent" | "endpoint" | "workspace";

const TABLES: Readonly<Record<CountsOf, string>> = {
  agent: "attempt_counts",
  endpoint: "endpoint_counts",
  workspace: "workspace_counts",
};

/** Counts one result, such as an attempt's, in its interval. */
export const attemptCounter = (db: DatabaseSync, of: CountsOf) => {
  const add = db.prepare(`
    INSERT INTO ${TABLES[of]} (${of}, interval, result, duration, count) VALUES (?, ?, ?, ?, 1)
    ON CONFLICT (${of}, interval, result, duration) DO UPDATE SET count = count + 1`);
  return (whose: number, atMs: number, counted: Counted, durationMs: number): void => {
    add.run(whose, Math.floor(atMs / INTERVAL_MS), countedNumber(counted), stepOf(durationMs));
  };
};

type Span = { readonly sinceMs: number; readonly untilMs: number };

/** So many rows take a few milliseconds; then the event loop goes on. */
const ROWS_PER_TICK = 5_000;

/** Adds up an agent's or endpoint's counts of a span, which begins at the interval that `sinceMs` is in. */
export const attemptCountsReader = (db: DatabaseSync, of: CountsOf) => {
  const next = db.prepare(`
    SELECT interval, result, duration, count FROM ${TABLES[of]}
    WHERE ${of} = ? AND (interval, result, duration) > (?, ?, ?) AND interval <= ?
    ORDER BY interval, result, duration LIMIT ${ROWS_PER_TICK}`);
  return async (whose: number | undefined, { sinceMs, untilMs }: Span): Promise<AttemptStats> => {
    const first = Math.floor(sinceMs / INTERVAL_MS);
    const last = Math.floor((untilMs - 1) / INTERVAL_MS);
    const byResult = new Map<Counted, number>();
    const byStep = new Map<number, number>();
    let position: readonly [number, number, number] = [first, -1, -1];
    for (let isMore = whose !== undefined; isMore;) {
      const rows = next.all(whose ?? 0, ...position, last);
      for (const row of rows) {
        const [interval = 0, result = 0, step = 0, count = 0] = Object.values(row).map(Number);
        const counted = countedOf(result);
        add(byResult, counted, count);
        // A request was sent.
        if (isAttemptResult(counted) && counted !== "cancelled") add(byStep, step, count);
        position = [interval, result, step];
      }
      isMore = rows.length === ROWS_PER_TICK;
      if (isMore) await nextTick();
    }
    return {
      sinceMs: first * INTERVAL_MS,
      ...attemptSums(byResult),
      invalid: byResult.get("dead_letter_invalid_event") ?? 0,
      p50Ms: percentile(byStep, 0.5),
      p95Ms: percentile(byStep, 0.95),
    };
  };
};

const add = <K>(counts: Map<K, number>, key: K, count: number): unknown =>
  counts.set(key, (counts.get(key) ?? 0) + count);

/** What attempts came to. */
export const attemptSums = (byResult: ReadonlyMap<Counted, number>) => {
  const failed: Partial<Record<FailureReason, number>> = {};
  const sums = { delivered: 0, cancelled: 0 };
  for (const [result, count] of byResult) {
    if (!isAttemptResult(result)) continue;
    if (result === "delivered" || result === "cancelled") sums[result] = count;
    else failed[result] = count;
  }
  return { ...sums, failed };
};

type Counts = ReadonlyMap<number, number>;

/** The duration that this share of what was counted took at most, by counts of steps; undefined: there was nothing. */
export const percentile = (byStep: Counts, share: number): number | undefined => {
  const total = byStep.values().reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (const [step, count] of [...byStep].toSorted(([a], [b]) => a - b)) {
    seen += count;
    if (seen >= share * total) return msOf(step);
  }
  return undefined;
};

/** Forgets the counts of one agent, endpoint or workspace from before a time. */
export const attemptCountsDropper = (db: DatabaseSync, of: CountsOf) => {
  const drop = db.prepare(`DELETE FROM ${TABLES[of]} WHERE ${of} = ? AND interval < ?`);
  return (whose: number, beforeMs: number): void => {
    drop.run(whose, Math.floor(beforeMs / INTERVAL_MS));
  };
};
