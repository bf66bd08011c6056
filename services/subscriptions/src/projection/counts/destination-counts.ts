import type { DatabaseSync } from "node:sqlite";
import { setImmediate as nextTick } from "node:timers/promises";
import { INTERVAL_MS } from "./stats.ts";

/** An endpoint by its hash (then the agent is 0), or the subscriptions of an agent by its number (then the endpoint is 0). */
export type CountedDestination = { readonly endpoint: number; readonly agent: number };

/** Counts an attempt that was sent, by destination: to find those that fail among all of a workspace. */
export const destinationCounter = (db: DatabaseSync) => {
  const add = db.prepare(`
    INSERT INTO destination_counts (workspace, endpoint, agent, interval, attempted, failed) VALUES (?, ?, ?, ?, 1, ?)
    ON CONFLICT (workspace, endpoint, agent, interval) DO UPDATE SET
      attempted = attempted + 1, failed = failed + excluded.failed`);
  return (
    workspace: number,
    { endpoint, agent }: CountedDestination,
    atMs: number,
    isFailed: boolean,
  ): void => {
    add.run(workspace, endpoint, agent, Math.floor(atMs / INTERVAL_MS), Number(isFailed));
  };
};

export type FailingDestination = CountedDestination & {
  readonly attempted: number;
  readonly failed: number;
};

type Wanted = {
  readonly limit: number;
  /** Only their subscriptions, and these endpoints; undefined: all. */
  readonly agents: ReadonlySet<number> | undefined;
  readonly endpoints: ReadonlySet<number>;
};

type Span = { readonly sinceMs: number; readonly untilMs: number };

/** So many rows take a few milliseconds; then the event loop goes on. */
const ROWS_PER_TICK = 5_000;
/** Beyond that, destinations that failed only before are not found. */
const MAX_ROWS = 100_000;

/** Reads the destinations of a workspace with the most failures in a time, those with the most first. */
export const failingDestinations = (db: DatabaseSync) => {
  const next = db.prepare(`
    SELECT interval, endpoint, agent, failed FROM destination_counts INDEXED BY destination_failures
    WHERE failed > 0 AND workspace = ? AND interval >= ? AND (interval, endpoint, agent) < (?, ?, ?)
    ORDER BY interval DESC, endpoint DESC, agent DESC LIMIT ${ROWS_PER_TICK}`);
  const sums = db.prepare(`
    SELECT sum(attempted) AS attempted, sum(failed) AS failed FROM destination_counts
    WHERE workspace = ? AND endpoint = ? AND agent = ? AND interval >= ? AND interval < ?`);
  return async (
    workspace: number,
    { sinceMs, untilMs }: Span,
    wanted: Wanted,
  ): Promise<FailingDestination[]> => {
    const [first, end] = [Math.floor(sinceMs / INTERVAL_MS), Math.ceil(untilMs / INTERVAL_MS)];
    const failures = new Map<string, CountedDestination & { failed: number }>();
    let position: readonly [number, number, number] = [end, Number.MIN_SAFE_INTEGER, 0];
    for (let seen = 0; seen < MAX_ROWS; seen += ROWS_PER_TICK) {
      const rows = next.all(workspace, first, ...position);
      for (const row of rows) {
        const [interval = 0, endpoint = 0, agent = 0, failed = 0] = Object.values(row).map(Number);
        position = [interval, endpoint, agent];
        if (wanted.agents?.has(agent) === false && !wanted.endpoints.has(endpoint)) continue;
        const key = `${endpoint}.${agent}`;
        const known = failures.get(key);
        if (known === undefined) failures.set(key, { endpoint, agent, failed });
        else known.failed += failed;
      }
      if (rows.length < ROWS_PER_TICK) break;
      await nextTick();
    }
    const ranked = [...failures.values()].toSorted((a, b) => b.failed - a.failed);
    return ranked.slice(0, wanted.limit).map(({ endpoint, agent }) => {
      const row = sums.get(workspace, endpoint, agent, first, end);
      return {
        endpoint,
        agent,
        attempted: Number(row?.["attempted"]),
        failed: Number(row?.["failed"]),
      };
    });
  };
};

/** Forgets a workspace's counts from before a time. */
export const destinationCountsDropper = (db: DatabaseSync) => {
  const drop = db.prepare("DELETE FROM destination_counts WHERE workspace = ? AND interval < ?");
  return (workspace: number, beforeMs: number): void => {
    drop.run(workspace, Math.floor(beforeMs / INTERVAL_MS));
  };
};
