import { readFile } from "node:fs/promises";
import { eventSubject } from "@ringback/contracts/streams/subjects";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeApiKeysFile } from "../harness/api-keys.ts";
import { eventually } from "../harness/eventually.ts";
import { connectTo } from "../harness/nats/nats-client.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startNatsServer, type NatsServer } from "../harness/nats/nats-server.ts";
import { replaceFile } from "../harness/temp-dir.ts";
import { startOn, type StartedService } from "../harness/process/start-service.ts";
import { listenTo } from "./sse-client.ts";

failOnLeaks();

let server: NatsServer;
let started: StartedService;

beforeEach(async () => {
  server = await startNatsServer();
  started = await startOn(server);
});
afterEach(async () => {
  await started.service.stop();
  await server.stop();
});

const open = (key = started.keysFile.keys[2] ?? "") =>
  listenTo(started.service.httpUrl("/ca/api/v0/stream"), key);

test("a stream ends when its key is taken out of the file, and others go on", async () => {
  const kept = await writeApiKeysFile([{ workspaceId: "acme", scopes: ["read"] }]);
  const both = JSON.parse(await readFile(started.keysFile.file, "utf8"));
  const one = JSON.parse(await readFile(kept.file, "utf8"));
  await replaceFile(started.keysFile.file, JSON.stringify([...both, ...one]));
  const other = await eventually(async () => {
    const client = await open(kept.keys[0]);
    if (client.status === 200) return client;
    client.close();
    return null;
  });
  const revoked = await open();
  await replaceFile(started.keysFile.file, JSON.stringify(one));
  expect(await revoked.hears(1, "closing")).toEqual([{ reason: "key_not_valid" }]);
  await eventually(() => revoked.hasEnded());
  expect(other.hasEnded()).toBe(false);
  for (const client of [revoked, other]) client.close();
});

test("a stream ends when its key expires", async () => {
  const expiresAt = new Date(Date.now() + 2_500).toISOString();
  const { keys } = await writeApiKeysFile(
    [{ workspaceId: "acme", scopes: ["read"], expiresAt }],
    started.keysFile.file,
  );
  const client = await eventually(async () => {
    const one = await open(keys[0]);
    if (one.status === 200) return one;
    one.close();
    return null;
  });
  expect(await client.hears(1, "closing")).toEqual([{ reason: "key_not_valid" }]);
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt));
  client.close();
});

test("when the service stops, streams end at once, also one that is not read", async () => {
  const [reading, stalled] = [await open(), await open()];
  stalled.pause();
  const beganMs = performance.now();
  expect(await started.service.stop()).toEqual({ code: 0, signal: null });
  expect(performance.now() - beganMs).toBeLessThan(6_000);
  expect(await reading.hears(1, "closing")).toEqual([{ reason: "stopping" }]);
  await eventually(() => reading.hasEnded());
  for (const client of [reading, stalled]) client.close();
});

test("a stream outlives a restart of NATS, and goes on where it was", async () => {
  const publisher = await connectTo(server);
  const client = await listenTo(
    started.service.httpUrl("/ca/api/v0/stream?include=events"),
    started.keysFile.keys[2] ?? "",
  );
  const publish = (callId: string) => {
    const address = { workspaceId: "acme", callId, agentId: "a1" };
    return publisher.js.publish(eventSubject({ ...address, eventType: "call_completed" }), "{}");
  };
  await publish("c1");
  await client.hears(1, "event");
  await server.kill();
  await server.restart();
  await publisher.reconnected();
  await publish("c2");
  const told = await client.hears(2, "event");
  expect(told.map((one) => one["call_id"])).toEqual(["c1", "c2"]);
  client.close();
  await publisher.close();
});
