import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { closeIndexFile, isDamaged, isOfDatabase, openIndexFile } from "./index-file.ts";

let folder: string;
let path: string;
let discarded: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "index-file-"));
  path = join(folder, "projection.sqlite");
  discarded = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (): DatabaseSync => openIndexFile(path, (reason) => discarded.push(reason));

const addWorkspace = (db: DatabaseSync) => db.exec("INSERT INTO workspaces (name) VALUES ('w1')");
const workspaces = (db: DatabaseSync) => db.prepare("SELECT name FROM workspaces").all().length;

test("what was kept is there again", () => {
  const db = open();
  addWorkspace(db);
  closeIndexFile(db);
  const again = open();
  expect([workspaces(again), discarded]).toEqual([1, []]);
  closeIndexFile(again);
});

test("what a killed process has left is used, as the machine still runs", () => {
  const db = open();
  addWorkspace(db);
  db.close();
  const again = open();
  expect([workspaces(again), discarded]).toEqual([1, []]);
  closeIndexFile(again);
});

test.each([
  [
    "in use when the machine stopped",
    "UPDATE meta SET value = '1000' WHERE name = 'open_since_boot_ms'",
  ],
  ["of another version", "UPDATE meta SET value = 'older' WHERE name = 'schema'"],
  ["not made by this service", "DROP TABLE meta"],
])("a file that is %s is made anew", (reason, sql) => {
  const db = open();
  addWorkspace(db);
  db.exec(sql);
  db.close();
  const again = open();
  expect([workspaces(again), discarded]).toEqual([0, [reason]]);
  closeIndexFile(again);
});

test.each([
  ["cut off", () => truncateSync(path, 5_000)],
  ["something else", () => writeFileSync(path, "no database at all ".repeat(1_000))],
])("a file that is %s is made anew", (_what, damage) => {
  closeIndexFile(open());
  damage();
  const again = open();
  expect([workspaces(again), discarded]).toEqual([0, ["damaged"]]);
  closeIndexFile(again);
});

test("one that another process has open is an error, as both would write", () => {
  const db = open();
  expect(open).toThrow(`${path} is in use by another process: each needs a folder of its own`);
  closeIndexFile(db);
});

test("nobody else may read it, also where it was there before", () => {
  writeFileSync(path, "", { mode: 0o644 });
  chmodSync(path, 0o644);
  const db = open();
  addWorkspace(db);
  const modes = readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777);
  expect(modes.length).toBeGreaterThan(1);
  expect(new Set(modes)).toEqual(new Set([0o600]));
  closeIndexFile(db);
});

test("damage is told from mistakes of our own", () => {
  const db = open();
  let mistake: unknown;
  try {
    db.exec("SELECT nonsense");
  } catch (error) {
    mistake = error;
  }
  expect([isOfDatabase(mistake), isDamaged(mistake)]).toEqual([true, false]);
  expect([isOfDatabase(new Error("other")), isDamaged({ errcode: 11 })]).toEqual([false, true]);
  closeIndexFile(db);
});
