import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { SCHEMA } from "../file/schema.ts";
import { attemptCounter, attemptCountsDropper, attemptCountsReader, INTERVAL_MS } from "./stats.ts";

const NOW_MS = 1_750_000_000_000;

const emptyCounts = () => {
  const db = new DatabaseSync(":memory:");
  db.exec(SCHEMA);
  return {
    count: attemptCounter(db, "agent"),
    read: attemptCountsReader(db, "agent"),
    drop: attemptCountsDropper(db, "agent"),
  };
};

const LAST_HOUR = { sinceMs: NOW_MS - 3_600_000, untilMs: NOW_MS };

test("attempts are counted by what they came to, each agent's alone", async () => {
  const { count, read } = emptyCounts();
  for (let n = 0; n < 3; n += 1) count(1, NOW_MS - 1_000, "delivered", 20);
  count(1, NOW_MS - 2_000, "timeout", 30_000);
  count(1, NOW_MS - 2_000, "dns", 5);
  count(1, NOW_MS - 2_000, "cancelled", 0);
  count(2, NOW_MS - 1_000, "delivered", 20);
  expect(await read(1, LAST_HOUR)).toMatchObject({
    delivered: 3,
    cancelled: 1,
    failed: { timeout: 1, dns: 1 },
  });
  expect(await read(3, LAST_HOUR)).toMatchObject({ delivered: 0, failed: {}, p50Ms: undefined });
  expect(await read(undefined, LAST_HOUR)).toMatchObject({ delivered: 0, p95Ms: undefined });
});

test("only what began in the window counts, from the interval on in which it begins", async () => {
  const { count, read, drop } = emptyCounts();
  const beginMs = Math.floor(LAST_HOUR.sinceMs / INTERVAL_MS) * INTERVAL_MS;
  for (const atMs of [beginMs - 1, beginMs, NOW_MS - 1, NOW_MS + INTERVAL_MS]) {
    count(1, atMs, "delivered", 1);
  }
  const counted = await read(1, LAST_HOUR);
  expect(counted).toMatchObject({ sinceMs: beginMs, delivered: 2 });
  drop(1, NOW_MS - 60_000);
  expect(await read(1, { sinceMs: 0, untilMs: NOW_MS })).toMatchObject({ delivered: 1 });
});

test("percentiles are right within 6 %, whatever the durations", async () => {
  const { count, read } = emptyCounts();
  // From 1 ms to 30 s, as many in every decade.
  const durations = Array.from({ length: 1_000 }, (_, n) => 30_000 ** (n / 999));
  for (const ms of durations) count(1, NOW_MS - 1_000, "delivered", ms);
  const { p50Ms = 0, p95Ms = 0 } = await read(1, LAST_HOUR);
  for (const [found, share] of [
    [p50Ms, 0.5],
    [p95Ms, 0.95],
  ] as const) {
    const exact = durations[Math.ceil(share * durations.length) - 1] ?? 0;
    expect(Math.abs(found - exact) / exact).toBeLessThan(0.06);
  }
});

test("more counts than are read in one turn are all added up", async () => {
  const { count, read } = emptyCounts();
  const intervals = 6_000;
  for (let n = 0; n < intervals; n += 1) count(1, NOW_MS - n * INTERVAL_MS, "delivered", 10);
  const span = { sinceMs: NOW_MS - intervals * INTERVAL_MS, untilMs: NOW_MS + 1 };
  expect(await read(1, span)).toMatchObject({ delivered: intervals });
});
