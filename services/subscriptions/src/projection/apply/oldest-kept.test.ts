import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keptLog } from "../../../../../test/harness/kept-log.ts";
import { makeTempDir } from "../../../../../test/harness/temp-dir.ts";
import { closeIndexFile, openIndexFile } from "../file/index-file.ts";
import { usedBytesOf } from "../file/used-bytes.ts";
import { oldestKept } from "./oldest-kept.ts";

let db: DatabaseSync;
beforeEach(async () => {
  const path = join(await makeTempDir("oldest-kept"), "projection.sqlite");
  db = openIndexFile(path, () => undefined);
});
afterEach(() => closeIndexFile(db));

/** Attempts from one sequence on to another, as their rows are. */
const fill = (from: number, to: number): void => {
  db.exec(`
    WITH RECURSIVE n (seq) AS (SELECT ${from} UNION ALL SELECT seq + 1 FROM n WHERE seq < ${to})
    INSERT INTO attempts (seq, workspace, agent, facet, at_ms, call_hash)
    SELECT seq, 1, 1, 1, seq, seq FROM n`);
};

/** The rule for an index with so many bytes in use of 1,000. */
const ruleAt = (usedBytes: number, appliedUpTo: number, maxBytes: number | undefined = 1_000) => {
  const { log, lines } = keptLog();
  const options = { maxBytes, usedBytes: () => usedBytes, appliedUpTo: () => appliedUpTo, log };
  return { oldest: oldestKept(db, options), lines };
};

test("below nine tenths of its limit, and without one, it keeps what the stream has", () => {
  fill(1, 20_000);
  expect(ruleAt(900, 20_000).oldest("attempts", 7)).toBe(7);
  const { oldest, lines } = ruleAt(1e12, 20_000, Number.POSITIVE_INFINITY);
  expect([oldest("attempts", 7), lines]).toEqual([7, []]);
});

test("above, it drops as many as leave 85 % in use, and says so once", () => {
  fill(1_001, 21_000);
  const { oldest, lines } = ruleAt(1_000, 21_000);
  expect([oldest("attempts", 1), oldest("attempts", 1)]).toEqual([4_001, 4_001]);
  expect(oldest("attempts", 9_001)).toBe(10_801);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { msg: "projection.forgets_oldest", stream: "attempts", maxBytes: 1_000 },
  ]);
});

test("it never drops the newest ten thousand, which are not what fills it", () => {
  fill(1, 10_100);
  expect(ruleAt(2_000, 10_100).oldest("attempts", 1)).toBe(101);
  expect(ruleAt(2_000, 10_000).oldest("attempts", 1)).toBe(1);
  expect(ruleAt(2_000, 0).oldest("events", 1)).toBe(1);
});

test("what is in use shrinks with the rows, and is nothing once the file is closed", () => {
  const usedBytes = usedBytesOf(db);
  const empty = usedBytes();
  fill(1, 20_000);
  const full = usedBytes();
  expect(full).toBeGreaterThan(empty + 20_000 * 50);
  db.exec("DELETE FROM attempts WHERE seq <= 15000");
  expect(usedBytes()).toBeLessThan(full / 2);
  closeIndexFile(db);
  expect(usedBytes()).toBe(0);
});
