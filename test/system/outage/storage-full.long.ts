import { afterAll, beforeAll, expect, test } from "vitest";
import { startConfiguredServer, type ConfiguredServer } from "../connection/configured-server.ts";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { connectTo, type NatsClient } from "../../harness/nats/nats-client.ts";
import { type Receiver, startReceiver } from "../../harness/receiver/receiver.ts";
import type { ServiceProcess } from "../../harness/process/service-process.ts";
import { startOn, type StartedService } from "../../harness/process/start-service.ts";
import { startDispatcher } from "./bare-dispatcher.ts";

failOnLeaks();

let server: ConfiguredServer;
let client: NatsClient;
let receiver: Receiver;
let dispatcher: ServiceProcess;
let api: StartedService;

beforeAll(async () => {
  server = await startConfiguredServer(`
    accounts { APP { jetstream: { max_store: 3MB }, users: [{ user: app, password: app }] } }
    no_auth_user: app
  `);
  receiver = await startReceiver({ kind: "late_status", status: 200, afterMs: 3_000 });
  const env = {
    ALLOW_INSECURE_HTTP: "true",
    ALLOWED_PRIVATE_CIDRS: "127.0.0.0/8",
    AGENT_REGISTRATION: "automatic",
  };
  [dispatcher, api] = await Promise.all([startDispatcher(server), startOn(server, { env })]);
  client = await connectTo(server);
}, 120_000);

afterAll(async () => {
  await client.close();
  await Promise.all([dispatcher.stop(), api.service.stop(), receiver.stop()]);
  await server.stop();
});

test("an account that is full is a fault of ours that shows, and ends with it", async () => {
  const subscription = {
    event_type: "call_completed",
    callback_url: receiver.url("/"),
    headers: {},
    method_type: "POST",
  };
  const change = {
    operation: "edit_event_subscriptions",
    agent_id: "a1",
    event_subscriptions: [subscription],
  };
  expect((await api.admin.patch(change)).status).toBe(200);
  const body = JSON.stringify({ event_type: "call_completed", call_id: "c1" });
  await client.js.publish("events.acme.c1.a1.call_completed", body);
  await receiver.received(1);
  await fill();
  const reasons = await eventually(
    async () => {
      const { status, text } = await dispatcher.get("/readyz");
      return status === 503 ? (JSON.parse(text) as { reasons: string[] }).reasons : null;
    },
    { timeoutMs: 20_000 },
  );
  expect(reasons).toEqual(["cannot be stored on: ATTEMPTS"]);
  const faults = (await dispatcher.metrics()).value("ringback_own_faults_total", {
    fault: "storage",
  });
  expect(faults).toBe(1);
  await client.jsm.streams.purge("EVENTS", { filter: "events.other.>" });
  await eventually(async () => (await dispatcher.get("/readyz")).status === 200);
  const { state } = await client.jsm.streams.info("ATTEMPTS");
  expect(state.messages).toBe(1);
  expect(receiver.requests).toHaveLength(1);
}, 90_000);

/** Events of an agent without subscriptions, until the account takes not even small ones. */
async function fill(): Promise<void> {
  for (const size of [200_000, 5_000, 100]) {
    for (let n = 0; ; n += 1) {
      const event = { event_type: "call_completed", call_id: `${size}-${n}`, x: "x".repeat(size) };
      const subject = `events.other.${size}-${n}.a1.call_completed`;
      try {
        await client.js.publish(subject, JSON.stringify(event));
      } catch {
        break;
      }
    }
  }
}
