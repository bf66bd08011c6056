import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdir, open, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { connectNats } from "@ringback/runtime/nats/connection";
import { parseSettings } from "@ringback/runtime/settings/parse-settings";
import { commonSettings } from "@ringback/runtime/settings/settings";
import { createLogger } from "@ringback/runtime/telemetry/logger";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type NatsServer, startNatsServer } from "../../../../test/harness/nats/nats-server.ts";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import { spawnService } from "../../../../test/harness/process/service-process.ts";
import { makeTempDir } from "../../../../test/harness/temp-dir.ts";
import { findBackup } from "./archive.ts";
import { backUp } from "./backup.ts";
import { restore } from "./restore.ts";

failOnLeaks();

const log = createLogger("test", "fatal");

let server: NatsServer;
let root: string;

const connected = () =>
  connectNats(parseSettings(commonSettings, { NATS_URL: server.url }), "test-snapshot", log);

beforeAll(async () => {
  [server, root] = await Promise.all([startNatsServer(), makeTempDir("backups")]);
  const { connection, jsm, js } = await connected();
  await jsm.streams.add({ name: STREAMS.events, subjects: ["events.>"] });
  for (let n = 0; n < 20; n += 1) await js.publish(`events.c${n}`, `a body to look for ${n}`);
  await connection.close();
});
afterAll(() => server.stop());

const runBackup = async (env: Readonly<Record<string, string>> = {}) => {
  const run = await spawnService({
    entry: "services/subscriptions/src/backup/main.ts",
    env: { NATS_URL: server.url, BACKUP_DIR: root, BACKUP_STREAMS: STREAMS.events, ...env },
  });
  return { run, code: (await run.exited).code };
};

test("a backup that nobody could be told of is one all the same: it is not made again, and no older one goes for it", async () => {
  const gone = createServer().listen(0, "127.0.0.1");
  await once(gone, "listening");
  const { port } = gone.address() as AddressInfo;
  await once(gone.close(), "close");
  const url = `http://127.0.0.1:${port}/metrics/job/backup`;
  const { run, code } = await runBackup({ BACKUP_PUSHGATEWAY_URL: url });
  expect({ code, said: run.output.all() }).toMatchObject({ code: 0 });
  const told = run.logs.filter(({ level }) => level === "error");
  expect(told).toMatchObject([
    { msg: "backup.not_told", err: { message: expect.stringContaining("BACKUP_PUSHGATEWAY_URL") } },
  ]);
  expect(await readdir(root)).toEqual([
    run.logs.find(({ msg }) => msg === "backup.done")?.["name"],
  ]);
});

test("a backup after which an old one cannot be removed is one all the same", async () => {
  const [old = ""] = await readdir(root);
  const inTheWay = join(root, `${old}.partial`);
  await mkdir(inTheWay);
  await writeFile(join(inTheWay, "a-file"), "");
  const { run, code } = await runBackup({ BACKUP_KEEP: "1" });
  await rm(inTheWay, { recursive: true });
  expect({ code, said: run.output.all() }).toMatchObject({ code: 0 });
  expect(run.logs.map(({ msg }) => msg)).toEqual(
    expect.arrayContaining(["backup.not_removed", "backup.done"]),
  );
});

test("a backup that fails amid its streams leaves nothing of itself", async () => {
  const nats = await connected();
  const before = await readdir(root);
  const backing = backUp(
    { nats, inboxPrefix: "_INBOX", log, now: () => new Date() },
    { root, streams: [STREAMS.events, STREAMS.events], keep: 9 },
  );
  await expect(backing).rejects.toThrow("EEXIST");
  expect(await readdir(root)).toEqual(before);
  await nats.connection.close();
});

/** Changes one byte of a message's body where the server keeps it, while the server is away. */
const spoil = async (body: string): Promise<void> => {
  const blocks = join(server.storeDir, "jetstream/$G/streams/EVENTS/msgs");
  const [name = ""] = (await readdir(blocks)).filter((one) => one.endsWith(".blk"));
  const file = await open(join(blocks, name), "r+");
  const at = (await file.readFile()).indexOf(body);
  await file.write("A", at);
  await file.close();
};

test("a message that the server's disk has spoilt is not in the copy, and the others are", async () => {
  await server.kill("SIGTERM");
  await spoil("a body to look for 7");
  await server.restart();
  expect((await runBackup()).code).toBe(0);
  const nats = await connected();
  const folder = await findBackup(root, "latest");
  await restore({ nats, log, listenMs: 0 }, { folder, streams: [STREAMS.events], replace: true });
  const { state } = await nats.jsm.streams.info(STREAMS.events);
  expect(state).toMatchObject({ messages: 19, last_seq: 20 });
  expect(await nats.jsm.streams.getMessage(STREAMS.events, { seq: 8 })).toBe(null);
  const other = await nats.jsm.streams.getMessage(STREAMS.events, { seq: 9 });
  expect(other?.string()).toBe("a body to look for 8");
  await nats.connection.close();
});
