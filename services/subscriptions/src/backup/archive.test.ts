import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { expect, test } from "vitest";
import { makeTempDir } from "../../../../test/harness/temp-dir.ts";
import {
  beginBackup,
  findBackup,
  keepNewest,
  readStream,
  type StreamMeta,
  streamsOf,
} from "./archive.ts";

const META = {
  config: { name: STREAMS.events },
  state: { messages: 2, last_seq: 7 },
} as unknown as StreamMeta;
const PARTS = ["first, ", "second"];

/** A backup of EVENTS, of this minute of an hour. */
const made = async (root: string, minute = 0): Promise<string> => {
  const backup = await beginBackup(root, new Date(Date.UTC(2026, 10, 29, 12, minute)));
  await backup.add(STREAMS.events, async (write) => {
    for (const part of PARTS) await write(Buffer.from(part));
    return { meta: META, bytes: 13 };
  });
  await backup.finish();
  return join(root, backup.name);
};

test("a stream is read back as it was written, by its owner alone, and sha256sum can check it", async () => {
  const folder = await made(await makeTempDir("backups"));
  expect(await streamsOf(folder)).toEqual([STREAMS.events]);
  const { stream, meta, dataFile } = await readStream(folder, STREAMS.events);
  expect([stream, meta]).toEqual([STREAMS.events, META]);
  expect(await readFile(dataFile, "utf8")).toBe(PARTS.join(""));
  const digest = createHash("sha256").update(PARTS.join("")).digest("hex");
  expect(await readFile(`${dataFile}.sha256`, "utf8")).toBe(`${digest}  stream.tar.s2\n`);
  for (const name of await readdir(join(folder, STREAMS.events)))
    expect((await stat(join(folder, STREAMS.events, name))).mode & 0o077).toBe(0);
});

test("what has no checksum, as the nats program leaves it, is read as it is", async () => {
  const folder = await made(await makeTempDir("backups"));
  await rm(join(folder, "EVENTS/stream.tar.s2.sha256"));
  expect((await readStream(folder, STREAMS.events)).meta).toEqual(META);
});

test.each([
  [
    "a byte is another",
    "stream.tar.s2",
    (path: string) => writeFile(path, "first, Second"),
    /is not what was written/,
  ],
  [
    "its end is missing",
    "stream.tar.s2",
    (path: string) => truncate(path, 5),
    /is not what was written/,
  ],
  ["its data is missing", "stream.tar.s2", (path: string) => rm(path), /ENOENT.*stream\.tar\.s2/],
  ["its description is missing", "backup.json", (path: string) => rm(path), /ENOENT.*backup\.json/],
  [
    "its description is no JSON",
    "backup.json",
    (path: string) => writeFile(path, "{"),
    /backup\.json: is no JSON/,
  ],
  [
    "it is another stream's",
    "backup.json",
    (path: string) => writeFile(path, '{"config": {"name": "RETRIES"}}'),
    /backup\.json: [^]*"EVENTS"[^]*config\.name/,
  ],
])("a stream is refused by the name of its file where %s", async (_what, name, damage, told) => {
  const folder = await made(await makeTempDir("backups"));
  await damage(join(folder, "EVENTS", name));
  await expect(readStream(folder, STREAMS.events)).rejects.toThrow(told);
});

test("a backup counts from its end on, and the next one removes what was left unfinished", async () => {
  const root = await makeTempDir("backups");
  const backup = await beginBackup(root, new Date());
  const failing = backup.add(STREAMS.events, async (write) => {
    await write(Buffer.from("half"));
    throw new Error("NATS went away");
  });
  await expect(failing).rejects.toThrow("NATS went away");
  await expect(findBackup(root, "latest")).rejects.toThrow("no backup 'latest'");
  await expect(findBackup(root, `${backup.name}.partial`)).rejects.toThrow("no backup");
  const folder = await made(root);
  expect([await readdir(root), await findBackup(root, "latest")]).toEqual([
    ["2026-11-29T12-00-00-000Z"],
    folder,
  ]);
});

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
