import { createHash } from "node:crypto";
import { readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { expect, test } from "vitest";
import { makeTempDir } from "../../../../test/harness/temp-dir.ts";
import { findBackup, listBackups, readStream, type StreamMeta, streamsIn } from "./archive.ts";
import { beginBackup } from "./new-backup.ts";

const META = {
  config: { name: STREAMS.events },
  state: { messages: 2, last_seq: 7 },
} as unknown as StreamMeta;
const PARTS = ["first, ", "second"];

/** A backup of EVENTS. */
const made = async (root: string): Promise<string> => {
  const backup = await beginBackup(root, new Date(Date.UTC(2026, 10, 29, 12)));
  await backup.add(STREAMS.events, async (write) => {
    for (const part of PARTS) await write(Buffer.from(part));
    return { meta: META, bytes: 13 };
  });
  await backup.finish();
  return join(root, backup.name);
};

test("a stream is read back as it was written, by its owner alone, and sha256sum can check it", async () => {
  const folder = await made(await makeTempDir("backups"));
  expect(await streamsIn(folder, undefined)).toEqual([STREAMS.events]);
  const { stream, meta, dataFile } = await readStream(folder, STREAMS.events);
  expect([stream, meta]).toEqual([STREAMS.events, META]);
  expect(await readFile(dataFile, "utf8")).toBe(PARTS.join(""));
  const digest = createHash("sha256").update(PARTS.join("")).digest("hex");
  expect(await readFile(`${dataFile}.sha256`, "utf8")).toBe(`${digest}  stream.tar.s2\n`);
  for (const name of await readdir(join(folder, STREAMS.events)))
    expect((await stat(join(folder, STREAMS.events, name))).mode & 0o077).toBe(0);
});

test("what has no checksum, as the nats program leaves it, is read as it is, where somebody names it", async () => {
  const root = await makeTempDir("backups");
  const folder = await made(root);
  await rm(join(folder, "EVENTS/stream.tar.s2.sha256"));
  await rm(join(folder, "manifest.json"));
  expect((await readStream(folder, STREAMS.events)).meta).toEqual(META);
  expect(await streamsIn(folder, [STREAMS.events])).toEqual([STREAMS.events]);
  const all = "has no manifest.json, which would say what all its streams are. Name those";
  await expect(streamsIn(folder, undefined)).rejects.toThrow(all);
  expect(await listBackups(root)).toMatchObject([{ problem: expect.stringContaining(all) }]);
});

test("a backup of which a stream is missing is restored by name only", async () => {
  const root = await makeTempDir("backups");
  const backup = await beginBackup(root, new Date(Date.UTC(2026, 10, 29, 12)));
  for (const name of [STREAMS.events, STREAMS.audit]) {
    const meta = { ...META, config: { name } } as unknown as StreamMeta;
    await backup.add(name, () => Promise.resolve({ meta, bytes: 7 }));
  }
  await backup.finish();
  const folder = join(root, backup.name);
  const listed = { backup: backup.name, began_at: "2026-11-29T12:00:00.000Z", bytes: 14 };
  expect(await listBackups(root)).toMatchObject([listed]);
  // In the order in which they were copied.
  expect(await streamsIn(folder, undefined)).toEqual([STREAMS.events, STREAMS.audit]);
  await rm(join(folder, STREAMS.audit), { recursive: true });
  await expect(streamsIn(folder, undefined)).rejects.toThrow(
    "has no AUDIT, which its manifest.json names",
  );
  await expect(streamsIn(folder, [STREAMS.audit])).rejects.toThrow("RESTORE_STREAMS: ");
  expect(await streamsIn(folder, [STREAMS.events])).toEqual([STREAMS.events]);
});

test("a copy that has changed together with its checksum is refused by the manifest", async () => {
  const folder = await made(await makeTempDir("backups"));
  const text = "first, Second";
  const digest = createHash("sha256").update(text).digest("hex");
  await writeFile(join(folder, "EVENTS/stream.tar.s2"), text);
  await writeFile(join(folder, "EVENTS/stream.tar.s2.sha256"), `${digest}  stream.tar.s2\n`);
  await expect(readStream(folder, STREAMS.events)).rejects.toThrow("by manifest.json");
  await writeFile(join(folder, "manifest.json"), "{}");
  await expect(readStream(folder, STREAMS.events)).rejects.toThrow(/manifest\.json: [^]*streams/);
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

test("a backup counts from its end on, and one that is abandoned leaves nothing", async () => {
  const root = await makeTempDir("backups");
  const backup = await beginBackup(root, new Date());
  const failing = backup.add(STREAMS.events, async (write) => {
    await write(Buffer.from("half"));
    throw new Error("NATS went away");
  });
  await expect(failing).rejects.toThrow("NATS went away");
  await expect(findBackup(root, "latest")).rejects.toThrow("no backup 'latest'");
  await expect(findBackup(root, `${backup.name}.partial`)).rejects.toThrow("no backup");
  await backup.abandon();
  expect(await readdir(root)).toEqual([]);
  const folder = await made(root);
  expect(await findBackup(root, "latest")).toBe(folder);
});
