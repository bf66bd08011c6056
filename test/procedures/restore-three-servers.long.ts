import { afterAll, beforeAll, expect, test } from "vitest";
import { headerKey, writeHeaderKeys } from "../harness/header-keys.ts";
import { connectTo, type NatsClient } from "../harness/nats/nats-client.ts";
import { jetStreamAnswers } from "../harness/nats/nats-server.ts";
import { type NatsCluster, startNatsCluster } from "../harness/nats/nats-cluster.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Services, startServices } from "../harness/process/platform.ts";
import { type ServiceProcess, spawnService } from "../harness/process/service-process.ts";
import { byPath, status } from "../harness/receiver/behaviour.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";
import { makeTempDir } from "../harness/temp-dir.ts";
import { settled } from "../harness/settled.ts";
import { caughtUp } from "./caught-up.ts";

failOnLeaks();

const EVENTS = 40;

let cluster: NatsCluster;
let receiver: Receiver;
let services: Services;
let client: NatsClient;
let env: Readonly<Record<string, string>>;
let backups: string;

beforeAll(async () => {
  [cluster, receiver] = await Promise.all([
    startNatsCluster({ jetstreamConfig: "sync_interval: always" }),
    startReceiver(byPath({ "/fails": status(503) })),
  ]);
  backups = await makeTempDir("backups");
  env = {
    STREAM_REPLICAS: "3",
    RETRY_DELAYS: "5s,5s,5s,5s",
    RETRY_JITTER: "0",
    HEADER_ENCRYPTION_KEYS_FILE: await writeHeaderKeys([headerKey("k1")]),
  };
  services = await startServices(cluster, { env });
  client = await connectTo(cluster);
});
afterAll(async () => {
  await client.close();
  await services.stop();
  await Promise.all([cluster.stop(), receiver.stop()]);
});

/** One run of a program, which ends by itself: `backup/main.ts` or `backup/restore-main.ts`. */
const run = async (program: string, more = {}): Promise<[number | null, ServiceProcess]> => {
  const done = await spawnService({
    entry: `services/subscriptions/src/backup/${program}`,
    env: { NATS_URL: cluster.url, BACKUP_DIR: backups, ...more },
  });
  return [(await done.exited).code, done];
};

const publishAll = async (prefix: string) => {
  for (let n = 0; n < EVENTS; n += 1) {
    const eventType = n % 2 === 0 ? "call_completed" : "recording_completed";
    await services.publish({ callId: `${prefix}-${n}`, eventType });
  }
};

/** The calls that a path was sent, each as often as it was. */
const callsTo = (path: string): string[] =>
  receiver.requestsTo(path).map(({ body }) => callIn(body));

const callIn = (body: Buffer): string =>
  (JSON.parse(body.toString()) as { call_id: string }).call_id;

/** The ids that each call's event had in all of its requests. */
const eventIds = (): Map<string, Set<string>> =>
  new Map(
    [...Map.groupBy(receiver.requests, ({ body }) => callIn(body))].map(([call, requests]) => [
      call,
      new Set(requests.map(({ headers }) => String(headers["webhook-id"]))),
    ]),
  );

test("three servers are backed up under load, lose all their disks and are restored: what was owed is delivered, what was delivered is not sent again, and a dispatcher that an autoscaler brought back stops the restore", async () => {
  await services.subscribe([
    { event_type: "call_completed", callback_url: receiver.url("/calls") },
    { event_type: "recording_completed", callback_url: receiver.url("/fails") },
  ]);
  await publishAll("before");
  await receiver.received(EVENTS / 2, { path: "/calls" });
  await receiver.received(EVENTS / 2, { path: "/fails" });
  // Deliveries and retries go on while the streams are copied.
  const load = publishAll("during");
  const startedMs = performance.now();
  const [code, backup] = await run("main.ts");
  const tookMs = Math.round(performance.now() - startedMs);
  expect({ code, said: backup.output.all() }).toEqual({ code: 0, said: expect.any(String) });
  await load;
  await receiver.received(EVENTS, { path: "/calls" });

  // KEDA was not paused: a dispatcher runs.
  const [early, refused] = await run("restore-main.ts", { RESTORE_REPLACE: "true" });
  expect([early, refused.output.all()]).toEqual([1, expect.stringContaining("dispatchers run")]);
  await services.stop();

  await Promise.all(cluster.nodes.map((node) => node.wipe()));
  await Promise.all(cluster.nodes.map((node) => node.start()));
  await Promise.all(cluster.nodes.map(({ url }) => jetStreamAnswers(url)));
  await client.reconnected();
  const restoredMs = performance.now();
  const [done, restored] = await run("restore-main.ts");
  console.log(`backup ${tookMs} ms, restore ${Math.round(performance.now() - restoredMs)} ms`);
  expect({ done, said: restored.output.all() }).toEqual({ done: 0, said: expect.any(String) });
  await caughtUp(client);
  const { config } = await client.jsm.streams.info("EVENTS");
  expect(config.num_replicas).toBe(3);
  const idsBefore = eventIds();

  const sentBefore = callsTo("/calls").filter((call) => call.startsWith("before"));
  receiver.setScript(status(200));
  services = await startServices(cluster, { env });
  await settled(client, { timeoutMs: 60_000 });
  const owed = new Set(callsTo("/fails"));
  for (let n = 1; n < EVENTS; n += 2) expect(owed).toContain(`before-${n}`);
  // An event keeps its id, though a cluster gives a restored stream another time of creation.
  for (const [call, ids] of eventIds()) {
    expect([call, ids.size]).toEqual([call, 1]);
    expect(idsBefore.get(call) ?? ids).toEqual(ids);
  }
  expect(callsTo("/calls").filter((call) => call.startsWith("before"))).toEqual(sentBefore);
  // Sequences of events that are lost are given again. Ids are not: receivers would take new events for known ones.
  await publishAll("after");
  await settled(client, { timeoutMs: 60_000 });
  const ids = [...eventIds().values()].flatMap((one) => [...one]);
  expect(eventIds().has("after-0")).toBe(true);
  expect(new Set(ids).size).toBe(ids.length);
  const ends = await Promise.all(
    ["ATTEMPTS", "EVENTS"].map(
      async (name) => (await client.jsm.streams.info(name)).state.messages,
    ),
  );
  console.log("restored, then settled", JSON.stringify({ records: ends[0], events: ends[1] }));
}, 240_000);
