import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { expect, test } from "vitest";
import { makeTempDir } from "../../../../test/harness/temp-dir.ts";
import { findBackup, type StreamMeta } from "./archive.ts";
import { beginBackup, type NewBackup } from "./new-backup.ts";
import { keepNewest, removeAbandoned } from "./old-backups.ts";

const META = { config: { name: STREAMS.events }, state: {} } as unknown as StreamMeta;

const copyEvents = (backup: NewBackup) =>
  backup.add(STREAMS.events, () => Promise.resolve({ meta: META, bytes: 0 }));

/** A backup of this minute of an hour. */
const made = async (root: string, minute: number): Promise<string> => {
  const backup = await beginBackup(root, new Date(Date.UTC(2026, 10, 29, 12, minute)));
  await copyEvents(backup);
  await backup.finish();
  return join(root, backup.name);
};

/** A file or folder was written last so many minutes ago. */
const age = async (path: string, minutes: number): Promise<void> => {
  const at = new Date(Date.now() - minutes * 60_000);
  await utimes(path, at, at);
};

test("the newest stay, and nothing that is no backup is touched", async () => {
  const root = await makeTempDir("backups");
  await mkdir(join(root, "lost+found"));
  await writeFile(join(root, "2020-01-01T00-00-00-000Z"), "a file of somebody");
  const folders = [];
  for (const minute of [10, 9, 11]) folders.push(await made(root, minute));
  expect(await keepNewest(root, 2)).toEqual(["2026-11-29T12-09-00-000Z"]);
  expect(await keepNewest(root, 2)).toEqual([]);
  expect((await readdir(root)).toSorted()).toEqual([
    "2020-01-01T00-00-00-000Z",
    "2026-11-29T12-10-00-000Z",
    "2026-11-29T12-11-00-000Z",
    "lost+found",
  ]);
  expect(await findBackup(root, "latest")).toBe(folders[2]);
  expect(await findBackup(root, "2026-11-29T12-10-00-000Z")).toBe(folders[0]);
  await expect(findBackup(root, "../elsewhere")).rejects.toThrow("which has: 2026-11-29T12-10");
});

test("a backup whose removal does not come to its end counts as none from its beginning on", async () => {
  const root = await makeTempDir("backups");
  const folder = await made(root, 1);
  const newest = await made(root, 2);
  // Something is in the way, as where a process is killed: nothing is removed behind it.
  await mkdir(`${folder}.partial`);
  await writeFile(join(`${folder}.partial`, "in-the-way"), "");
  await expect(keepNewest(root, 1)).rejects.toThrow("ENOTEMPTY");
  expect(await readdir(folder)).toContain("EVENTS");
  expect(await findBackup(root, "latest")).toBe(newest);
});

test("two runs at once spoil nothing of each other's", async () => {
  const root = await makeTempDir("backups");
  const first = await beginBackup(root, new Date(Date.now() - 7 * 3_600_000));
  await copyEvents(first);
  // It has written to one stream for hours.
  await age(join(root, `${first.name}.partial`), 400);
  await age(join(root, `${first.name}.partial`, STREAMS.events), 400);
  expect(await removeAbandoned(root, new Date())).toEqual([]);
  const second = await beginBackup(root, new Date());
  await copyEvents(second);
  await first.finish();
  await second.finish();
  const [one, two] = await Promise.all([keepNewest(root, 1), keepNewest(root, 1)]);
  expect([one, two]).toEqual([[first.name], [first.name]]);
  expect(await readdir(root)).toEqual([second.name]);
});

test("what a run left that was ended is removed after an hour, and nothing of anybody else's", async () => {
  const root = await makeTempDir("backups");
  for (const name of ["2026-11-29T12-00-00-000Z", "notes"]) {
    const folder = join(root, `${name}.partial`);
    await mkdir(join(folder, "EVENTS"), { recursive: true });
    await writeFile(join(folder, "EVENTS/stream.tar.s2"), "half");
    for (const path of ["EVENTS/stream.tar.s2", "EVENTS", ""]) await age(join(folder, path), 61);
  }
  expect(await removeAbandoned(root, new Date())).toEqual(["2026-11-29T12-00-00-000Z.partial"]);
  expect(await readdir(root)).toEqual(["notes.partial"]);
});
