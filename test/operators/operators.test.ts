import { hostname } from "node:os";
import { headers as newHeaders } from "@nats-io/nats-core";
import { presenceSubject } from "@ringback/contracts/streams/presence-subject";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { connectTo, type NatsClient } from "../harness/nats/nats-client.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";

failOnLeaks();

let platform: Platform;
let client: NatsClient;

beforeAll(async () => {
  platform = await startPlatform({ workspaces: ["w1", "*"] });
  client = await connectTo(platform.server);
});
afterAll(async () => {
  await client?.close();
  await platform?.stop();
});

const get = async (path: string) => {
  const { status, body } = await platform.api("GET", path, undefined, "*");
  expect(status).toBe(200);
  return body as Record<string, unknown[]>;
};

type Dispatcher = Readonly<Record<string, unknown>>;

const dispatchers = async () => (await get("/dispatchers"))["dispatchers"] as Dispatcher[];

test("an operator sees every stream with its limits, and what the dispatchers have before them", async () => {
  const event = await platform.publish({ callId: "c1", eventType: "call_completed" });
  await eventually(async () => {
    const { streams = [] } = await get("/streams");
    const names = streams.map((one) => (one as { name: string }).name);
    expect(names).toEqual(Object.values(STREAMS));
    const byName = new Map(streams.map((one, n) => [names[n], (one as { state: object }).state]));
    expect(byName.get("EVENTS")).toMatchObject({
      messages: 1,
      bytes: expect.any(Number),
      subjects: 1,
      max_bytes: null,
      max_age_seconds: 7 * 24 * 3_600,
      when_full: "refuse",
      last_seq: event.seq,
      last_at: expect.stringMatching(/^\d{4}-.*Z$/),
      replicas: 1,
      leader: expect.any(String),
      followers: [],
      consumers: [{ name: "dispatcher", filters: ["events.>"], pending: 0, ack_pending: 0 }],
    });
    expect(byName.get("RETRIES")).toMatchObject({
      max_age_seconds: null,
      consumers: [{ name: "dispatcher", filters: ["retries.due.>"] }],
    });
    expect(byName.get("AUDIT")).toMatchObject({ consumers: [] });
    expect(byName.get("REDELIVERIES")).toMatchObject({ messages: 0, first_at: null });
  });
});

test("an operator sees each dispatcher that runs, until it stops", async () => {
  const second = await platform.startDispatcher();
  await eventually(async () => {
    const found = await dispatchers();
    expect(found).toHaveLength(2);
    for (const one of found) {
      expect(one).toMatchObject({
        version: expect.stringMatching(/^\d+\./),
        process: expect.stringMatching(/\/\d+$/),
        in_flight: 0,
      });
      const startedMs = Date.parse(String(one["started_at"]));
      expect(Math.abs(Date.now() - startedMs)).toBeLessThan(180_000);
    }
  });
  await second.stop();
  await eventually(async () => expect(await dispatchers()).toHaveLength(1));
});

test("the leases name the processes that have them, and those that nobody has", async () => {
  await eventually(async () => {
    const { leases = [] } = await get("/dispatchers");
    const [dispatcher] = await dispatchers();
    const holder = dispatcher?.["process"];
    expect(String(holder)).toContain(hostname());
    expect(leases).toMatchObject([
      { name: "overdue_watch", holder, renewed_at: expect.any(String) },
      { name: "endpoint_watch", holder, renewed_at: expect.any(String) },
      { name: "redelivery" },
    ]);
  });
});

test("a dispatcher of an earlier version, or one that says nonsense, is shown without what is unknown", async () => {
  client.nc.publish(presenceSubject("old-one"), "here");
  const headers = newHeaders();
  headers.set("Ringback-In-Flight", "many");
  headers.set("Ringback-Version", "9".repeat(5_000));
  client.nc.publish(presenceSubject("wild-one"), "here", { headers });
  await eventually(async () => {
    const found = await dispatchers();
    const unknown = { process: null, started_at: null, in_flight: null };
    expect(found).toContainEqual(expect.objectContaining({ dispatcher_id: "old-one", ...unknown }));
    const wild = found.find((one) => one["dispatcher_id"] === "wild-one");
    expect(wild).toMatchObject({ version: "9".repeat(128), ...unknown });
  });
});

test("whoever is no operator is refused, and a stream that is missing has no state", async () => {
  for (const path of ["/streams", "/dispatchers"]) {
    const refused = await platform.api("GET", path);
    expect(refused).toMatchObject({ status: 403, body: { code: "operator_required" } });
    const asked = await platform.api("GET", `${path}?limit=1`, undefined, "*");
    expect(asked).toMatchObject({ status: 422, body: { code: "validation_failed" } });
  }
  await client.jsm.streams.delete("OPERATIONS");
  const { streams = [] } = await get("/streams");
  expect(streams).toContainEqual({ name: "OPERATIONS", state: null });
});
