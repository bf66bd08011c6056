import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mountSmallDisk } from "../system/chaos/full-disk.ts";
import { headerKey } from "../harness/header-keys.ts";
import { connectTo, type NatsClient } from "../harness/nats/nats-client.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { trackOpen } from "../harness/process/open-resources.ts";
import { replaceFile, writeTempFile } from "../harness/temp-dir.ts";
import { allowedTo, unused, usedBy } from "../security/nats-privileges/permissions.ts";
import {
  CONFIG_FILE,
  type Role,
  type SecuredNats,
  startSecuredNats,
} from "../security/nats-privileges/secured-nats.ts";
import { type RenderedJob, renderJob, runJob } from "./job.ts";
import { caOf, type SecuredPlatform, startSecuredPlatform, urlOf } from "./secured-platform.ts";

failOnLeaks();

const BACKUPS = "/var/lib/ringback-backups";
const COMPONENTS = ["components/network-policy", "jobs/backup", "jobs/backup-pushgateway"];

let nats: SecuredNats;
let platform: SecuredPlatform;
let producer: NatsConnection;
let backup: RenderedJob;
let restore: RenderedJob;
let elsewhere: NatsServer;
let client: NatsClient;
let configFile: string;

beforeAll(async () => {
  configFile = await writeTempFile("nats-server.conf", await readFile(CONFIG_FILE, "utf8"));
  [nats, elsewhere, backup, restore] = await Promise.all([
    startSecuredNats(configFile),
    startNatsServer(),
    renderJob("ringback-backup", COMPONENTS),
    renderJob("ringback-restore", COMPONENTS),
  ]);
  platform = await startSecuredPlatform(nats, { keys: [headerKey("k1")] });
  producer = await nats.connectAs("producer");
  client = await connectTo(elsewhere);
});
afterAll(async () => {
  await Promise.all([producer.close(), client.close()]);
  await platform.stop();
  await Promise.all([nats.stop(), elsewhere.stop()]);
});

/** What is written to a Pushgateway, which this stands for by its protocol: paths and bodies. */
const startPushgateway = async () => {
  const pushed: { readonly path: string; readonly text: string }[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (part: string) => (text += part));
    request.on("end", () => {
      pushed.push({ path: `${request.method} ${request.url}`, text });
      response.end();
    });
  });
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  const closed = trackOpen("Pushgateway", () => server.close());
  const stop = (): void => {
    server.close();
    closed();
  };
  return { pushed, stop, port: (server.address() as { port: number }).port };
};

const secrets = (url: string) => ({
  "/etc/ringback/secrets/nats-url": url,
  "/etc/ringback/secrets/nats-ca.pem": caOf(nats),
});

let root = "";
const backedUp = async (role: Role, env: Readonly<Record<string, string>>) => {
  const files = { ...secrets(urlOf(nats, role)), [`${BACKUPS}/.keep`]: "" };
  const done = await runJob(backup, { files, env, ...(root === "" ? {} : { root }) });
  root = done.root;
  return done;
};

test("both Jobs are as their schemas and the restricted standard say; backups are made by night, one that hangs skips no other, and none is restored by itself", () => {
  expect([backup.problems, restore.problems]).toEqual([[], []]);
  expect([backup.suspend, restore.suspend]).toEqual([false, true]);
  expect([backup.deadlineS, restore.deadlineS]).toEqual([6 * 3_600, undefined]);
  expect(backup.container.image).toBe(restore.container.image);
});

test("the Job copies every stream under the permissions of its user alone, tells Prometheus, and keeps the newest", async () => {
  // More than one part, and nothing to compress.
  await platform.delivered("c1", producer, { notes: randomBytes(600_000).toString("base64") });
  const violations = nats.log().split("Violation").length;
  const gateway = await startPushgateway();
  const rendered = new URL(backup.environment["BACKUP_PUSHGATEWAY_URL"] ?? "");
  const startedS = Math.floor(Date.now() / 1_000);
  const url = `http://127.0.0.1:${gateway.port}${rendered.pathname}`;
  const first = await backedUp("backup", { BACKUP_PUSHGATEWAY_URL: url, BACKUP_KEEP: "1" });
  const second = await backedUp("backup", { BACKUP_PUSHGATEWAY_URL: url, BACKUP_KEEP: "1" });
  gateway.stop();
  const all = [first, second].map(({ code, run }) => ({ code, said: run.output.all() }));
  expect(all).toMatchObject([{ code: 0 }, { code: 0 }]);

  expect(gateway.pushed.map(({ path }) => path)).toEqual(
    Array(2).fill("POST /metrics/job/ringback-backup/namespace/ringback"),
  );
  const [, seconds = ""] =
    /^ringback_backup_last_success_timestamp_seconds (\d+)$/m.exec(gateway.pushed[0]?.text ?? "") ??
    [];
  expect(Number(seconds)).toBeGreaterThanOrEqual(startedS);
  expect(nats.log().split("Violation")).toHaveLength(violations);
  const used = usedBy("ringback-backup", nats.log());
  expect(unused(allowedTo("backup").publish, used.publish)).toEqual([]);

  const kept = (await readdir(join(root, BACKUPS))).filter((name) => name !== ".keep");
  expect(kept).toEqual([second.run.logs.find(({ msg }) => msg === "backup.done")?.["name"]]);
  const folder = join(root, BACKUPS, kept[0] ?? "");
  const meta = JSON.parse(await readFile(join(folder, "EVENTS/backup.json"), "utf8")) as object;
  expect(meta).toMatchObject({ config: { name: "EVENTS" }, state: { messages: 1 } });
});

test("a backup that fails leaves the ones before, and is no success for Prometheus", async () => {
  const before = await readdir(join(root, BACKUPS));
  const gateway = await startPushgateway();
  const failed = await backedUp("monitor", {
    NATS_INBOX_PREFIX: "_INBOX_monitor",
    BACKUP_PUSHGATEWAY_URL: `http://127.0.0.1:${gateway.port}/metrics/job/b`,
  });
  gateway.stop();
  expect([failed.code, gateway.pushed]).toEqual([1, []]);
  expect(failed.run.output.all()).toContain("Permissions Violation");
  expect(await readdir(join(root, BACKUPS))).toEqual(before);
});

test("the restoring Job makes the streams elsewhere from the copy, and replaces what is there only when it may", async () => {
  const files = secrets(elsewhere.url);
  const restored = (env = {}) =>
    runJob(restore, { files, root, env: { NATS_TLS_CA_FILE: "", ...env } });
  const done = await restored();
  expect({ code: done.code, said: done.run.output.all() }).toMatchObject({ code: 0 });
  const at = async (stream: string): Promise<number> =>
    (await client.jsm.streams.info(stream)).state.messages;
  const { num_pending: pending, ack_floor: floor } = await client.jsm.consumers.info(
    "EVENTS",
    "dispatcher",
  );
  expect([await at("EVENTS"), await at("ATTEMPTS"), await at("SUBSCRIPTIONS")]).toEqual([1, 1, 2]);
  expect({ pending, floor }).toMatchObject({ pending: 0, floor: { stream_seq: 1 } });

  await client.jsm.streams.purge("EVENTS");
  const refused = await restored({ RESTORE_STREAMS: "EVENTS" });
  expect(refused.run.output.all()).toContain("RESTORE_REPLACE: is not true");
  expect([refused.code, await at("EVENTS")]).toEqual([1, 0]);
  const replaced = await restored({ RESTORE_STREAMS: "EVENTS", RESTORE_REPLACE: "true" });
  expect([replaced.code, await at("EVENTS")]).toEqual([0, 1]);
});

test("the restoring Job lists the backups without any NATS", async () => {
  const [name] = (await readdir(join(root, BACKUPS))).filter((one) => one !== ".keep");
  const env = { RESTORE_FROM: "list", NATS_TLS_CA_FILE: "" };
  const listed = await runJob(restore, { files: secrets("nats://127.0.0.1:1"), root, env });
  const backups = listed.run.logs.filter(({ msg }) => msg === "restore.backup");
  expect(backups).toMatchObject([
    { backup: name, began_at: expect.stringMatching(/^20/), bytes: expect.any(Number) },
  ]);
  expect([listed.code, backups[0]?.["streams"]]).toEqual([0, expect.arrayContaining(["EVENTS"])]);
});

test("a disk that is full ends a backup by what it needs, and holds nothing of it afterwards", async () => {
  const disk = await mountSmallDisk(1);
  await writeFile(join(disk.path, "notes"), Buffer.alloc(600_000));
  const { code, run } = await backedUp("backup", {
    BACKUP_DIR: disk.path,
    BACKUP_PUSHGATEWAY_URL: "http://127.0.0.1:9/",
  });
  const left = await readdir(disk.path);
  disk.unmount();
  expect([code, left]).toEqual([1, ["notes"]]);
  expect(run.logs).toContainEqual(expect.objectContaining({ msg: "backup.little_room" }));
  expect(run.output.all()).toMatch(
    /BACKUP_DIR: no room left in .* one backup more than BACKUP_KEEP/,
  );
});

test("the restoring Job works as it is, by the operator's user that the document adds and takes away again", async () => {
  const document = await readFile(join(import.meta.dirname, "../../docs/procedures.md"), "utf8");
  const line = /^ *(\{ user: operator, .*\})$/m.exec(document)?.[1] ?? "";
  const password = randomBytes(32).toString("hex");
  const shipped = await readFile(configFile, "utf8");
  const added = line.replace(/password: "[^"]*"/, `password: "${password}"`);
  await replaceFile(configFile, shipped.replace(/(\{ user: subscriptions, .*\n)/, `$1${added}\n`));
  await nats.reload();
  const url = urlOf(nats, "backup").replace(/\/\/[^@]+@/, `//operator:${password}@`);
  const env = { RESTORE_REPLACE: "true" };
  const run = () => runJob(restore, { files: secrets(url), root, env });
  const early = await run();
  expect([early.code, early.run.output.all()]).toEqual([
    1,
    expect.stringContaining("dispatchers run"),
  ]);
  await Promise.all(platform.services.map((service) => service.stop()));
  const done = await run();
  expect({ code: done.code, said: done.run.output.all() }).toMatchObject({ code: 0 });
  await replaceFile(configFile, shipped);
  await nats.reload();
  expect((await run()).run.output.all()).toContain("NATS refuses the log-in");
});
