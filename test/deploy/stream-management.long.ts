import { DISPATCHER_CONSUMER, DISPATCHER_FILTERS } from "@ringback/contracts/streams/subjects";
import { consumerConfig } from "@ringback/runtime/streams/consumers";
import { parseSettings } from "@ringback/runtime/settings/parse-settings";
import { commonSettings } from "@ringback/runtime/settings/settings";
import { wantedStreams } from "@ringback/runtime/streams/stream-config";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeApiKeysFile } from "../harness/api-keys.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { connectTo, type NatsClient } from "../harness/nats/nats-client.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";
import type { LogLine } from "../harness/process/output-lines.ts";
import { startReceiver } from "../harness/receiver/receiver.ts";
import { type ServiceProcess, spawnService } from "../harness/process/service-process.ts";

failOnLeaks();

/** A user that may make and change no stream and no durable consumer; whoever gives no name may do everything. */
const USERS = `
authorization { users: [
  { user: operator, password: operator }
  { user: service, password: service, permissions: { publish: { deny: [
    "$JS.API.STREAM.CREATE.>", "$JS.API.STREAM.UPDATE.>",
    "$JS.API.CONSUMER.CREATE.EVENTS.dispatcher.>", "$JS.API.CONSUMER.CREATE.RETRIES.>"
    "$JS.API.CONSUMER.DURABLE.CREATE.>"
  ] } } }
] }
no_auth_user: operator
`;

const STREAMS = wantedStreams(parseSettings(commonSettings, {}));

let server: NatsServer;
let client: NatsClient;
let apiKey: string;
const services: ServiceProcess[] = [];

beforeEach(async () => {
  server = await startNatsServer({ extraConfig: USERS });
  client = await connectTo(server);
});

afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.stop()));
  await client.close();
  await server.stop();
});

async function start(name: "dispatcher" | "subscriptions"): Promise<ServiceProcess> {
  const keys = await writeApiKeysFile([{ workspaceId: "w1", scopes: ["write"] }]);
  if (name === "subscriptions") apiKey = keys.keys[0] ?? "";
  const service = await spawnService({
    entry: `services/${name}/src/main.ts`,
    env: {
      NATS_URL: `nats://service:service@127.0.0.1:${server.port}`,
      STREAM_MANAGEMENT: "verify",
      API_KEYS_FILE: keys.file,
      AGENT_REGISTRATION: "automatic",
      ALLOW_INSECURE_HTTP: "true",
      ALLOWED_PRIVATE_CIDRS: "127.0.0.0/8",
    },
  });
  services.push(service);
  return service;
}

const saysInError = (line: LogLine): string =>
  (line["err"] as { message?: string } | undefined)?.message ?? "";

/** The first line with this `msg` whose error says all of this. */
const waitingFor = (service: ServiceProcess, msg: string, texts: readonly string[]) =>
  service.waitForLog(
    (line) => line["msg"] === msg && texts.every((text) => saysInError(line).includes(text)),
    { timeoutMs: 60_000 },
  );

async function makeStreams(): Promise<void> {
  for (const stream of STREAMS) await client.jsm.streams.add(stream);
}

const makeConsumer = (stream: keyof typeof DISPATCHER_FILTERS) =>
  client.jsm.consumers.add(
    stream,
    consumerConfig({ name: DISPATCHER_CONSUMER, filter: DISPATCHER_FILTERS[stream] }),
  );

test("with verify, both services wait for what others make, say what is missing, and make nothing", async () => {
  const [dispatcher, subscriptions] = await Promise.all([
    start("dispatcher"),
    start("subscriptions"),
  ]);
  const allMissing = STREAMS.map(({ name }) => `stream ${name} is missing`);
  await Promise.all(
    [dispatcher, subscriptions].map((service) =>
      waitingFor(service, "streams.waiting", [...allMissing, "STREAM_MANAGEMENT=verify"]),
    ),
  );
  expect(await client.jsm.streams.names().next()).toEqual([]);

  await makeStreams();
  await subscriptions.waitForLog("listening", { timeoutMs: 60_000 });
  await waitingFor(dispatcher, "consume.retrying", ["consumer dispatcher of EVENTS is missing"]);
  await waitingFor(dispatcher, "consume.retrying", ["consumer dispatcher of RETRIES is missing"]);
  // The index of lists has one of its own, without a durable name.
  const durable = (await client.jsm.consumers.list("EVENTS").next()).filter(
    ({ config }) => config.durable_name !== undefined,
  );
  expect(durable).toEqual([]);

  await Promise.all([makeConsumer("EVENTS"), makeConsumer("RETRIES")]);
  await dispatcher.waitForLog("listening", { timeoutMs: 60_000 });
  expect((await dispatcher.get("/readyz")).status).toBe(200);

  // A right that they lack and would have used is told in a line of its own.
  const refused = [dispatcher, subscriptions].flatMap(({ logs }) =>
    logs.filter((line) => line["msg"] === "nats.error"),
  );
  expect(refused).toEqual([]);
}, 120_000);

test("with verify, a stream that differs is named with what it is and what is needed, until it is changed", async () => {
  await makeStreams();
  await client.jsm.streams.update("ATTEMPTS", { max_age: 86_400 * 1e9 });
  const subscriptions = await start("subscriptions");
  const day = 86_400 * 1e9;
  await waitingFor(subscriptions, "streams.waiting", [
    `stream ATTEMPTS is not as needed: max_age is ${day}, needed ${30 * day}`,
  ]);
  expect((await client.jsm.streams.info("ATTEMPTS")).config.max_age).toBe(day);

  await client.jsm.streams.update("ATTEMPTS", { max_age: 30 * day });
  await subscriptions.waitForLog("listening", { timeoutMs: 60_000 });
}, 120_000);

test("with verify, a consumer that others made anew brings delivered events again, and none is sent twice", async () => {
  await makeStreams();
  const before = await publishMany();
  await Promise.all([makeConsumer("EVENTS"), makeConsumer("RETRIES")]);
  await using receiver = await disposable(startReceiver());
  const [dispatcher, subscriptions] = await Promise.all([
    start("dispatcher"),
    start("subscriptions"),
  ]);
  await Promise.all(
    [dispatcher, subscriptions].map((service) =>
      service.waitForLog("listening", { timeoutMs: 60_000 }),
    ),
  );
  await subscribe(subscriptions, receiver.url("/calls"));
  const publish = (callId: string) =>
    client.js.publish(`events.w1.${callId}.a1.call_completed`, JSON.stringify(event(callId)));
  await publish("c1");
  await receiver.received(1);
  await acknowledgedUpTo(before + 1);

  await client.jsm.consumers.delete("EVENTS", DISPATCHER_CONSUMER);
  await waitingFor(dispatcher, "consume.retrying", ["consumer dispatcher of EVENTS is missing"]);
  await makeConsumer("EVENTS");
  await publish("c2");
  await acknowledgedUpTo(before + 2);
  const calls = receiver.requests.map(({ body }) => JSON.parse(body.toString()) as object);
  expect(calls).toEqual([event("c1"), event("c2")]);
}, 120_000);

const event = (call_id: string) => ({ event_type: "call_completed", call_id });

/**
 * Brings EVENTS to a sequence beyond those that a server may have forgotten (which are looked up at any
 * rate) while its first message stays, and gives that sequence.
 */
async function publishMany(): Promise<number> {
  const publish = (callId: string) =>
    client.js.publish(`events.w1.${callId}.nobody.call_completed`, "{}");
  await publish("first");
  for (let n = 0; n < 17; n += 1) {
    await Promise.all(Array.from({ length: 1_000 }, () => publish("filler")));
  }
  await client.jsm.streams.purge("EVENTS", { filter: "events.w1.filler.>" });
  return (await client.jsm.streams.info("EVENTS")).state.last_seq;
}

const acknowledgedUpTo = (seq: number): Promise<boolean> =>
  eventually(
    async () =>
      (await client.jsm.consumers.info("EVENTS", DISPATCHER_CONSUMER)).ack_floor.stream_seq === seq,
    { what: `event ${seq} is acknowledged` },
  );

async function subscribe(subscriptions: ServiceProcess, callbackUrl: string): Promise<void> {
  const answer = await fetch(subscriptions.httpUrl("/ca/api/v0/agent/v1"), {
    method: "PATCH",
    headers: { "x-api-key": apiKey, "content-type": "application/json" },
    body: JSON.stringify({
      operation: "edit_event_subscriptions",
      agent_id: "a1",
      event_subscriptions: [{ event_type: "call_completed", callback_url: callbackUrl }],
    }),
  });
  expect(answer.status).toBe(200);
}

async function disposable<T extends { stop(): Promise<void> }>(
  starting: Promise<T>,
): Promise<T & AsyncDisposable> {
  const started = await starting;
  return Object.assign(started, { [Symbol.asyncDispose]: () => started.stop() });
}
