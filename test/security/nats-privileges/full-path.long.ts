import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { eventMessage } from "@ringback/contracts/events/event";
import type { EventType } from "@ringback/contracts/events/event-types";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { writeApiKeysFile } from "../../harness/api-keys.ts";
import { byPath, inTurn, status } from "../../harness/receiver/behaviour.ts";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { type Receiver, startReceiver } from "../../harness/receiver/receiver.ts";
import {
  type ServiceProcess,
  spawnService,
  startService,
} from "../../harness/process/service-process.ts";
import { listenTo, type SseClient } from "../../live/sse-client.ts";
import { allowedTo, unused, usedBy } from "./permissions.ts";
import { type SecuredNats, startSecuredNats, STREAMS } from "./secured-nats.ts";

failOnLeaks();
vi.setConfig({ testTimeout: 60_000 }); // each step starts several processes

const LOOPBACK = { ALLOW_INSECURE_HTTP: "true", ALLOWED_PRIVATE_CIDRS: "127.0.0.0/8" };

let nats: SecuredNats;
let receiver: Receiver;
let producer: NatsConnection;
let monitor: NatsConnection;
let subscriptions: ServiceProcess;
let key: string;
let operatorKey: string;
let reading: SseClient;
const services: ServiceProcess[] = [];

beforeAll(async () => {
  nats = await startSecuredNats();
  receiver = await startReceiver(
    byPath({ "/once": inTurn(status(500), status(200)), "/never": status(500) }),
  );
  producer = await nats.connectAs("producer", { reconnect: true, maxReconnectAttempts: -1 });
  monitor = await nats.connectAs("monitor", { reconnect: true, maxReconnectAttempts: -1 });
});
afterAll(async () => {
  reading.close();
  await Promise.all([producer.close(), monitor.close()]);
  await Promise.all(services.map((service) => service.stop()));
  await receiver.stop();
  await nats.stop();
});

const startDispatcher = async (delays: string): Promise<ServiceProcess> => {
  const service = await startService({
    entry: "services/dispatcher/src/main.ts",
    env: { ...nats.env("dispatcher"), ...LOOPBACK, RETRY_DELAYS: delays },
  });
  services.push(service);
  return service;
};

const call = async (
  method: string,
  path: string,
  body?: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<unknown> => {
  const answer = await fetch(subscriptions.httpUrl(`/ca/api/v0${path}`), {
    method,
    headers: { "x-api-key": key, "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect(answer.status).toBeLessThan(300);
  return answer.status === 204 ? undefined : answer.json();
};

const publish = async (callId: string, eventType: EventType): Promise<void> => {
  const address = { workspaceId: "w1", callId, agentId: "a1", eventType };
  const { subject, body, messageId } = eventMessage({
    ...address,
    body: { event_type: eventType, call_id: callId },
  });
  await jetstream(producer).publish(subject, body, { msgID: messageId });
};

/** What a monitor sees: messages of a stream, and what a consumer of it has not been through. */
const stateOf = async (stream: string): Promise<{ messages: number; open: number }> => {
  const jsm = await jetstreamManager(monitor, { apiPrefix: "ringback.API", checkAPI: false });
  const streams = await jsm.streams.list().next();
  const state = streams.find(({ config }) => config.name === stream)?.state;
  if (state === undefined) throw new Error(`no stream ${stream}`);
  if (stream !== "EVENTS" && stream !== "RETRIES") return { messages: state.messages, open: 0 };
  const info = await jsm.consumers.info(stream, "dispatcher");
  return { messages: state.messages, open: info.num_pending + info.num_ack_pending };
};

const settled = (attempts: number, deadLetters: number): Promise<unknown> =>
  eventually(
    async () => {
      expect(await stateOf("ATTEMPTS")).toMatchObject({ messages: attempts });
      expect(await stateOf("DEAD_LETTERS")).toMatchObject({ messages: deadLetters });
      expect(await stateOf("EVENTS")).toMatchObject({ open: 0 });
      expect(await stateOf("RETRIES")).toMatchObject({ open: 0 });
    },
    { what: `${attempts} attempts and ${deadLetters} dead letters`, timeoutMs: 60_000 },
  );

test("subscriptions may not make streams: it waits until the dispatcher has", async () => {
  const keys = await writeApiKeysFile([
    { workspaceId: "w1", scopes: ["admin"] },
    { workspaceId: "*", scopes: ["read"] },
  ]);
  [key = "", operatorKey = ""] = keys.keys;
  subscriptions = await spawnService({
    entry: "services/subscriptions/src/main.ts",
    env: { ...nats.env("subscriptions"), ...LOOPBACK, API_KEYS_FILE: keys.file },
  });
  services.push(subscriptions);
  const line = await subscriptions.waitForLog("streams.waiting", { timeoutMs: 60_000 });
  expect(JSON.stringify(line)).toContain("this user of NATS may not make it");
  // That one refusal is the rule at work; from here on there is to be none.
  expect(violationsIn(nats.log()).every((text) => text.includes("STREAM.CREATE"))).toBe(true);
  await startDispatcher("500ms");
  await subscriptions.waitForLog("listening", { timeoutMs: 60_000 });
});

test("an event is delivered after a retry, another one becomes a dead letter", async () => {
  const registration = { agent_id: "a1", agent_display_name: "A" };
  const once = { "idempotency-key": "r-a1" };
  const first = await call("POST", "/agent/v1", registration, once);
  expect(await call("POST", "/agent/v1", registration, once)).toEqual(first);
  await call("PATCH", "/agent/v1", {
    operation: "edit_event_subscriptions",
    agent_id: "a1",
    event_subscriptions: [
      { event_type: "call_completed", callback_url: receiver.url("/once") },
      { event_type: "recording_completed", callback_url: receiver.url("/never") },
    ],
  });
  await call("PATCH", "/agent/v1", {
    operation: "edit_event_subscriptions",
    agent_id: "_workspace",
    event_subscriptions: [
      { event_type: "delivery_exhausted", callback_url: receiver.url("/told") },
    ],
  });
  expect(await call("GET", "/assistant")).toMatchObject({ agents: [{ agent_id: "a1" }] });
  const live = subscriptions.httpUrl("/ca/api/v0/stream?include=attempts,events");
  reading = await listenTo(live, key);
  await publish("c1", "call_completed");
  await publish("c2", "recording_completed");
  await publish("c3", "client_analysis_completed"); // nobody subscribed to it
  await receiver.received(2, { path: "/once" });
  await receiver.received(2, { path: "/never" });
  await receiver.received(1, { path: "/told" });
  await settled(5, 1);
  await reading.hears(5, "attempt");
  await reading.hears(4, "event");
  await listed({ delivered: 2, dead_lettered: 1, no_subscription: 1 });
});

/** What lists say about the events so far, with what they show of records and dead letters. */
const listed = (statuses: Record<string, number>): Promise<unknown> =>
  eventually(
    async () => {
      const { events } = (await call("GET", "/events")) as { events: { status: string }[] };
      const counts: Record<string, number> = {};
      for (const event of events) counts[event.status] = (counts[event.status] ?? 0) + 1;
      expect(counts).toEqual(statuses);
      expect(await call("GET", "/attempts")).toMatchObject({ attempts: { length: 5 } });
      expect(await call("GET", "/dead-letters")).toMatchObject({ dead_letters: { length: 1 } });
    },
    { what: "lists" },
  );
test("events are published and read over HTTP", async () => {
  const event = { event_type: "client_analysis_completed", call_id: "c0", agent_id: "a1" };
  const stored = await call("POST", "/events", event); // nobody subscribed to it
  expect(stored).toMatchObject({ events: [{ duplicate: false }] });
  await settled(5, 1);
  const { events } = (await call("GET", "/calls/c0/events")) as { events: { event_id: string }[] };
  expect(events).toMatchObject([{ status: "no_subscription" }]);
  const found = await call("GET", `/events/${events[0]?.event_id}`);
  expect(found).toMatchObject({ payload: event });
  expect(await call("GET", "/calls/c1/events")).toMatchObject({ events: [{ attempt_count: 2 }] });
  // Beside it the one by which the workspace was told.
  const dead = { events: [{ event_type: "delivery_exhausted" }, { status: "dead_lettered" }] };
  expect(await call("GET", "/calls/c2/events")).toMatchObject(dead);
  expect(await call("GET", "/agent/v1/a1/history")).toMatchObject({ changes: [{}, {}] });
});

test("streams that were changed by hand are mended, deleted consumers made again", async () => {
  const [first] = services.slice(-1);
  await first?.stop();
  const waiting = await startDispatcher("1h");
  await publish("c4", "recording_completed");
  await receiver.received(3, { path: "/never" });
  await settled(6, 1);
  await waiting.stop();
  await nats.asOperator(async (jsm) => {
    for (const stream of STREAMS) {
      const { config } = await jsm.streams.info(stream);
      await jsm.streams.update(stream, { ...config, duplicate_window: 60_000_000_000 });
    }
    await jsm.consumers.delete("EVENTS", "dispatcher");
    await jsm.consumers.delete("RETRIES", "dispatcher");
  });
  const last = await startDispatcher("1h");
  // All events come again, and the records say that nothing is left to do for any of them.
  await settled(6, 1);
  expect(last.logs.map(({ msg }) => msg)).not.toContain("delivery.attempted");
  expect(receiver.requests).toHaveLength(6);
  await eventually(async () => (await subscriptions.get("/readyz")).status === 200);
});

test("after a restart of the server both services go on", async () => {
  const earlier = nats.log().length;
  await nats.asOperator(async () => undefined);
  await eventually(() => publish("c5", "call_completed").then(() => true), { what: "stored" });
  await settled(7, 1);
  expect(await reading.hears(7, "attempt")).toHaveLength(7); // told on, and nothing twice
  expect(reading.hasEnded()).toBe(false);
  // What they followed SUBSCRIPTIONS with is gone: they say so and begin anew.
  await eventually(
    () => {
      const log = nats.log().slice(earlier);
      for (const name of ["subscriptions", "ringback-dispatcher"]) {
        const { publish: subjects } = usedBy(name, log);
        expect(unused(["$JS.API.CONSUMER.CREATE.SUBSCRIPTIONS.>"], subjects)).toEqual([]);
      }
      const followed = ["REDELIVERIES", "ACCESS"].map(
        (name) => `$JS.API.CONSUMER.CREATE.${name}.>`,
      );
      expect(unused(followed, usedBy("subscriptions", log).publish)).toEqual([]);
    },
    { what: "both views of the subscriptions begin anew", timeoutMs: 60_000 },
  );
});

test("what was given up is delivered again, by itself and by a job, and an endpoint is tried", async () => {
  const { events } = (await call("GET", "/events?status=dead_lettered")) as {
    events: { event_id: string }[];
  };
  const again = `/events/${events[0]?.event_id}/redeliver`;
  expect(await call("POST", again, undefined, { "idempotency-key": "again" })).toMatchObject({
    mode: "redelivery",
  });
  await receiver.received(4, { path: "/never" });
  await settled(8, 1); // its retry waits for an hour
  const counted = { counts_against_schedule: true };
  expect(await call("POST", again, counted)).toMatchObject({ mode: "retry_now", attempt: 2 });
  await settled(10, 2); // the workspace is told again
  const asked = { since: "2020-01-01T00:00:00Z", status: "all", rate_per_second: 1_000 };
  const job = (await call("POST", "/redeliveries", asked)) as { redelivery_id: string };
  await eventually(
    async () => {
      const now = await call("GET", `/redeliveries/${job.redelivery_id}`);
      expect(now).toMatchObject({ state: "done", waiting: 1 });
    },
    { what: "the job is done but for what waits for an hour", timeoutMs: 60_000 },
  );
  const { redelivery_id } = job;
  expect(await call("GET", "/redeliveries")).toMatchObject({ redeliveries: [{ redelivery_id }] });
  // With nothing to run nobody has the lease of jobs: whoever takes it later looks who does.
  const own = await nats.connectAs("subscriptions");
  const asking = await jetstreamManager(own, { checkAPI: false });
  await eventually(
    async () => {
      const { state } = await asking.streams.info("LEASES", { subjects_filter: ">" });
      return !Object.keys(state.subjects ?? {}).includes("leases.redelivery");
    },
    { what: "the lease of jobs has run out" },
  );
  await own.close();
  const second = await call("POST", "/redeliveries", { ...asked, agent_id: "nobody" });
  const path = `/redeliveries/${(second as typeof job).redelivery_id}`;
  await eventually(async () => expect(await call("GET", path)).toMatchObject({ state: "done" }));
  expect(
    await call("POST", "/agent/v1/a1/test-event", { event_type: "call_completed" }),
  ).toMatchObject({ attempt: { trigger: "test", outcome: { kind: "delivered" } } });
});

test("a key is made, is known at once, and is deleted", async () => {
  const made = await call("POST", "/api-keys", { name: "brief", scopes: ["read"] });
  const { key_id } = made as { key_id: string };
  expect(await call("GET", `/api-keys/${key_id}`)).toMatchObject({ state: "active" });
  await call("DELETE", `/api-keys/${key_id}`);
  await eventually(async () => {
    const { entries } = (await call("GET", `/audit?action=deleteApiKey`)) as { entries: unknown[] };
    expect(entries).toHaveLength(1);
  });
});

test("a type of the workspace's own is added, delivered and deleted; of another one it is told", async () => {
  const schema = { required: ["score"] };
  const added = await call("PUT", "/event-types/kyc_done", { schema });
  expect(added).toMatchObject({ event_type: "kyc_done", origin: "workspace" });
  await call("PATCH", "/agent/v1", {
    operation: "edit_event_subscriptions",
    agent_id: "a1",
    event_subscriptions: [{ event_type: "kyc_done", callback_url: receiver.url("/kyc") }],
  });
  const event = { event_type: "kyc_done", call_id: "c5", agent_id: "a1" };
  const stored = await call("POST", "/events", event);
  expect(stored).toMatchObject({ events: [{ warnings: [{ path: "" }] }] });
  await receiver.received(1, { path: "/kyc" });
  const told = receiver.requestsTo("/told").length;
  await publish("c6", "kyc_begun");
  await receiver.received(told + 1, { path: "/told" });
  await call("PATCH", "/agent/v1", {
    operation: "remove_event_subscriptions",
    agent_id: "a1",
    event_types: ["kyc_done"],
  });
  await call("DELETE", "/event-types/kyc_done");
});

test("an event with several destinations goes to each of them", async () => {
  for (const path of ["/crm", "/warehouse"]) {
    const created = await call("POST", "/endpoints", { url: receiver.url(path) });
    expect(created).toMatchObject({ signing_secret: expect.any(String) });
  }
  await publish("c7", "call_completed");
  await receiver.received(1, { path: "/crm" });
  await receiver.received(1, { path: "/warehouse" });
  expect(await call("GET", "/calls/c7/events")).toMatchObject({
    events: [{ deliveries: { length: 3 } }],
  });
});

test("an operator sees every stream, the dispatchers and who has the leases", async () => {
  const as = { "x-api-key": operatorKey };
  const { streams } = (await call("GET", "/streams", undefined, as)) as { streams: object[] };
  expect(streams).toHaveLength(STREAMS.length);
  expect(streams).not.toContainEqual(expect.objectContaining({ state: null }));
  await eventually(async () => {
    const found = await call("GET", "/dispatchers", undefined, as);
    expect(found).toMatchObject({ dispatchers: [{ in_flight: expect.any(Number) }] });
  });
});

test("the monitor sees every stream and consumer by all that it may ask", async () => {
  const jsm = await jetstreamManager(monitor, { apiPrefix: "ringback.API", checkAPI: false });
  expect((await jsm.streams.names().next()).toSorted()).toEqual(STREAMS.toSorted());
  expect(await jsm.streams.list().next()).toHaveLength(STREAMS.length);
  expect(await jsm.consumers.list("RETRIES").next()).toMatchObject([{ name: "dispatcher" }]);
  const answer = await monitor.request("ringback.API.CONSUMER.NAMES.EVENTS");
  const names = answer.json<{ consumers: string[] }>().consumers;
  expect(names).toContain("dispatcher"); // beside it that of the index, which is made anew at each start
});

test("on the whole way nobody was refused anything but the making of streams", () => {
  // UPDATE is how it is noted which streams there are, by whoever comes first and may.
  const others = violationsIn(nats.log()).filter((text) => !/STREAM\.(CREATE|UPDATE)/.test(text));
  expect(others).toEqual([]);
});

test.each([
  ["subscriptions", "subscriptions"],
  ["dispatcher", "ringback-dispatcher"],
  ["producer", "test-producer"],
  ["monitor", "test-monitor"],
] as const)("%s needed every permission that it has", async (role, connectionName) => {
  const allowed = allowedTo(role);
  // What was asked last may have its answer before its line in the log has come here.
  await eventually(
    () => {
      const used = usedBy(connectionName, nats.log());
      // Written only while a dispatcher of a version before runs (docs/adr/0021).
      const needed = allowed.publish.filter((subject) => subject !== "retries.due.*.*");
      expect(unused(needed, used.publish)).toEqual([]);
      expect(unused(allowed.subscribe, used.subscribe)).toEqual([]);
    },
    { what: `${role} used what it may` },
  );
});

const violationsIn = (log: string): string[] =>
  log.split("\n").filter((line) => /\[ERR\].*violation/i.test(line));
