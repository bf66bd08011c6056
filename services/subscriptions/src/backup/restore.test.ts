import { originOf } from "@ringback/contracts/streams/stream-origin";
import { eventId } from "@ringback/contracts/events/event";
import { randomBytes } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PRESENCE_TEXTS, presenceSubject } from "@ringback/contracts/streams/presence-subject";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { connectNats, type Nats } from "@ringback/runtime/nats/connection";
import { pause } from "@ringback/runtime/process/backoff";
import { parseSettings } from "@ringback/runtime/settings/parse-settings";
import { commonSettings } from "@ringback/runtime/settings/settings";
import { wantedStreams } from "@ringback/runtime/streams/stream-config";
import { ensureStreams } from "@ringback/runtime/streams/streams";
import { createLogger } from "@ringback/runtime/telemetry/logger";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type NatsServer, startNatsServer } from "../../../../test/harness/nats/nats-server.ts";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import { makeTempDir } from "../../../../test/harness/temp-dir.ts";
import { findBackup } from "./archive.ts";
import { backUp } from "./backup.ts";
import { restore, type RestorePlan } from "./restore.ts";

failOnLeaks();

const log = createLogger("test", "fatal");
const COPIED = [STREAMS.events, STREAMS.audit];

let server: NatsServer;
let nats: Nats;
let root: string;

beforeAll(async () => {
  server = await startNatsServer();
  const settings = parseSettings(commonSettings, { NATS_URL: server.url });
  nats = await connectNats(settings, "test-restore", log);
  const { signal } = new AbortController();
  await ensureStreams(nats.jsm, wantedStreams(settings), { log, signal });
  root = await makeTempDir("backups");
});
afterAll(async () => {
  await nats.connection.close();
  await server.stop();
});

/** All messages of EVENTS, by their sequence. */
const events = async (): Promise<readonly string[]> => {
  const { state } = await nats.jsm.streams.info(STREAMS.events);
  const all: string[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    const message = await nats.jsm.streams.getMessage(STREAMS.events, { seq });
    all.push(`${seq} ${message?.subject} ${message?.string()}`);
  }
  return all;
};

const publish = (call: string, text: string) =>
  nats.js.publish(`events.w1.${call}.a1.call_completed`, text);

const backUpTo = (folder: string) =>
  backUp(
    { nats, inboxPrefix: "_INBOX", log, now: () => new Date() },
    { root: folder, streams: COPIED, keep: 2 },
  );

const restored = (plan: RestorePlan, listenMs = 0) => restore({ nats, log, listenMs }, plan);

test("a stream of many parts comes back as it was, byte for byte, with its sequences", async () => {
  // Nothing to compress, and more than one part of 128 KiB.
  for (let n = 0; n < 5; n += 1) await publish(`c${n}`, randomBytes(100_000).toString("base64"));
  await nats.jsm.streams.purge(STREAMS.events, { seq: 3 });
  const before = await events();
  const { bytes } = await backUpTo(root);
  expect(bytes).toBeGreaterThan(300_000);
  await publish("later", "lost, as it came after the backup");
  const folder = await findBackup(root, "latest");
  expect(await restored({ folder, streams: undefined, replace: true })).toHaveLength(2);
  expect(await events()).toEqual(before);
});

test("events after a restore get ids that none had before, and the others keep theirs", async () => {
  const idsNow = async (...seqs: readonly number[]): Promise<readonly string[]> => {
    const origin = originOf(await nats.jsm.streams.info(STREAMS.events));
    return seqs.map((seq) => eventId(origin, seq));
  };
  const { seq: kept } = await publish("kept", "{}");
  await backUpTo(root);
  const { seq: lost } = await publish("lost", "{}");
  const before = await idsNow(kept, lost);
  const folder = await findBackup(root, "latest");
  await restore({ nats, log }, { folder, streams: [STREAMS.events], replace: true });
  expect((await publish("new", "{}")).seq).toBe(lost);
  const after = await idsNow(kept, lost);
  expect([after[0] === before[0], after[1] === before[1]]).toEqual([true, false]);
});

test("a damaged copy is found before anything is deleted, whichever stream it is of", async () => {
  const before = await events();
  await backUpTo(root);
  const folder = await findBackup(root, "latest");
  const damaged = join(folder, STREAMS.audit, "stream.tar.s2");
  const copy = await readFile(damaged);
  await writeFile(damaged, copy.subarray(0, -1));
  const restoring = restored({ folder, streams: COPIED, replace: true });
  await expect(restoring).rejects.toThrow(`${damaged}: is not what was written`);
  expect(await events()).toEqual(before);
  // Who wants what is whole may still have it.
  await restored({ folder, streams: [STREAMS.events], replace: true });
  expect(await events()).toEqual(before);
});

test("a dispatcher that is too busy to ask for more is heard, and nothing is deleted", async () => {
  const before = await events();
  await backUpTo(root);
  const folder = await findBackup(root, "latest");
  const restoring = restored({ folder, streams: undefined, replace: true }, 1_000);
  await Promise.all([
    expect(restoring).rejects.toThrow("dispatchers run: busy-one. Stop them first"),
    pause(300).then(() =>
      nats.connection.publish(presenceSubject("busy-one"), PRESENCE_TEXTS.heartbeat),
    ),
  ]);
  expect(await events()).toEqual(before);
  nats.connection.publish(presenceSubject("busy-one"), PRESENCE_TEXTS.leave);
});

test("streams that are there are named, with what to do about them", async () => {
  await backUpTo(root);
  const folder = await findBackup(root, "latest");
  await nats.jsm.streams.delete(STREAMS.audit);
  const plan = { folder, streams: undefined, replace: false };
  await expect(restored(plan)).rejects.toThrow(
    "there are streams EVENTS. Name the lost ones in RESTORE_STREAMS (AUDIT), or set RESTORE_REPLACE=true to put all",
  );
  expect(await restored({ ...plan, streams: [STREAMS.audit] })).toEqual([STREAMS.audit]);
  await expect(restored(plan)).rejects.toThrow("streams EVENTS,AUDIT. Set RESTORE_REPLACE=true");
});

test("a restore that ends amid its streams says what is lost now, and how to go on", async () => {
  await backUpTo(root);
  const folder = await findBackup(root, "latest");
  // As the `nats` program leaves a copy: nothing tells that it is damaged, but the server.
  await rm(join(folder, "manifest.json"));
  await rm(join(folder, STREAMS.audit, "stream.tar.s2.sha256"));
  const damaged = join(folder, STREAMS.audit, "stream.tar.s2");
  const copy = await readFile(damaged);
  await writeFile(damaged, "no archive");
  const restoring = restored({ folder, streams: COPIED, replace: true });
  await expect(restoring).rejects.toThrow(/^AUDIT: it is deleted and not restored: /);
  const name = folder.split("/").at(-1);
  await expect(restoring).rejects.toThrow(
    `Restored before it: EVENTS. Run the restore again for the others: RESTORE_FROM=${name} RESTORE_STREAMS=AUDIT RESTORE_REPLACE=true`,
  );
  await writeFile(damaged, copy);
  await restored({ folder, streams: [STREAMS.audit], replace: true });
});

test("a backup whose stream is not there, or whose folder is not, says so and leaves nothing to restore", async () => {
  const own = await makeTempDir("backups");
  await nats.jsm.streams.delete(STREAMS.audit);
  await expect(backUpTo(own)).rejects.toThrow("BACKUP_STREAMS: there is no stream AUDIT");
  expect(await readdir(own)).toEqual([]);
  await expect(findBackup(own, "latest")).rejects.toThrow("no backup");
  await expect(backUpTo(join(own, "none"))).rejects.toThrow("ENOENT");
});
