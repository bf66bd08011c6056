import { attemptSubject } from "@ringback/contracts/streams/subjects";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { attemptRecord } from "../harness/fixtures/records.ts";
import { connectTo, type NatsClient } from "../harness/nats/nats-client.ts";
import { startNatsServer, type NatsServer } from "../harness/nats/nats-server.ts";
import { startOn, type StartedService } from "../harness/process/start-service.ts";
import { listenTo } from "./sse-client.ts";

failOnLeaks();

let server: NatsServer;
let started: StartedService;
let client: NatsClient;

beforeAll(async () => {
  server = await startNatsServer();
  started = await startOn(server);
  client = await connectTo(server);
});
afterAll(async () => {
  await client.close();
  await started.service.stop();
  await server.stop();
});

/** More than a dispatcher keeps, so that fewer records fill the buffers of both ends. */
const EXCERPT = "x".repeat(8_192);

/** A record as a dispatcher stores it. */
const record = (seq: number, workspace_id = "acme") =>
  attemptRecord({
    event_id: `evt_1_${seq}`,
    event_seq: seq,
    workspace_id,
    response: { body_excerpt: EXCERPT },
  });

let stored = 0;
const storeAttempts = async (n: number): Promise<void> => {
  for (let left = n; left > 0; left -= 500) {
    const batch = Array.from({ length: Math.min(500, left) }, () => (stored += 1));
    await Promise.all(
      batch.map((seq) => {
        const address = { workspaceId: "acme", callId: "c1", agentId: "a1" };
        const subject = attemptSubject({ ...address, eventType: "call_completed" }, String(seq));
        return client.js.publish(subject, JSON.stringify(record(seq)));
      }),
    );
  }
};

const openAs = (n: number) =>
  listenTo(started.service.httpUrl("/ca/api/v0/stream"), started.keysFile.keys[n] ?? "");

test("one who reads slowly is told how many it missed; little is kept for it, and others do not notice", async () => {
  const [slow, quick] = [await openAs(0), await openAs(2)];
  slow.pause();
  for (let n = 1; n <= 8; n += 1) {
    await storeAttempts(500); // 34 MB in all: more than the buffers of both ends hold
    await quick.hears(n * 500, "attempt");
  }
  expect(quick.named("missed")).toEqual([]);

  slow.resume();
  await slow.hears(1, "missed");
  const ahead = slow.heard.findIndex((one) => one.event === "missed");
  expect(ahead * EXCERPT.length).toBeLessThan(16 * 1024 * 1024); // mostly in the sockets' buffers
  await storeAttempts(10);
  const last = `evt_1_${stored}`;
  await eventually(() => slow.heard.at(-1)?.data["event_id"] === last, { what: last });
  const missed = slow.named("missed").reduce((sum, { count }) => sum + Number(count), 0);
  expect(slow.named("attempt").length + missed).toBe(stored);
  const told = slow.named("attempt").map((one) => Number(one["event_seq"]));
  expect(told).toEqual([...new Set(told)].toSorted((a, b) => a - b)); // in order, none twice
  for (const one of [slow, quick]) one.close();
});

test("one who comes back after too long is told how many came meanwhile, and hears what is new", async () => {
  const first = await openAs(0);
  const id = await eventually(() => first.lastId() ?? null);
  first.close();
  await storeAttempts(1_001);
  const url = started.service.httpUrl("/ca/api/v0/stream");
  const again = await listenTo(url, started.keysFile.keys[0] ?? "", { "last-event-id": id });
  expect(await again.hears(1, "missed")).toEqual([{ of: "attempts", count: 1_001 }]);
  await storeAttempts(1);
  expect(await again.hears(1, "attempt")).toMatchObject([{ event_seq: stored }]);
  again.close();
});
