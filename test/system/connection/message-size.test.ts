import { Buffer } from "node:buffer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { connectTo, type NatsClient } from "../../harness/nats/nats-client.ts";
import type { ServiceProcess } from "../../harness/process/service-process.ts";
import { startDispatcher } from "../outage/bare-dispatcher.ts";
import { startOn, type StartedService } from "../../harness/process/start-service.ts";
import { type ConfiguredServer, startConfiguredServer } from "./configured-server.ts";

failOnLeaks();

const LARGE = 60_000;
const SMALL = 20_000;

let server: ConfiguredServer;
let client: NatsClient;
let dispatcher: ServiceProcess;
let api: StartedService;

beforeAll(async () => {
  server = await startConfiguredServer(`max_payload: ${LARGE}`);
  const env = { ALLOW_INSECURE_HTTP: "true", AGENT_REGISTRATION: "automatic" };
  [dispatcher, api] = await Promise.all([startDispatcher(server), startOn(server, { env })]);
  client = await connectTo(server);
}, 120_000);

afterAll(async () => {
  await client.close();
  await Promise.all([dispatcher.stop(), api.service.stop()]);
  await server.stop();
});

test("an event that cannot be read and a letter that does not fit: its first bytes are kept", async () => {
  await publishBroken("c1", 50_000);
  const { raw, truncated } = await deadLetter("c1");
  expect(truncated).toBe(true);
  expect(raw.length).toBeGreaterThan(40_000);
  expect(Buffer.from(raw, "base64").toString()).toMatch(/^x+$/);
}, 60_000);

test("a change that NATS does not take is answered 413, in words for the caller", async () => {
  const answer = await api.admin.patch(changeOf(4));
  expect(answer.status).toBe(413);
  expect(answer.body).toMatchObject({ code: "payload_too_large" });
  expect(answer.body?.["detail"]).toContain("name fewer or smaller subscriptions");
  expect((await api.admin.patch(changeOf(1))).status).toBe(200);
}, 60_000);

test("a limit that is lowered while they run is learnt", async () => {
  await server.reload(`max_payload: ${SMALL}`);
  await publishBroken("c2", 18_000);
  const { raw, truncated } = await deadLetter("c2");
  expect(truncated).toBe(true);
  expect(raw.length).toBeGreaterThan(10_000);
  // Nobody told the service: its first try costs the connection, and teaches it.
  await eventually(async () => (await api.admin.patch(changeOf(2))).status === 413, {
    what: "the change is refused by the new limit",
  });
  const metrics = await dispatcher.metrics();
  expect(metrics.value("ringback_own_faults_total", { fault: "unexpected" })).toBe(0);
}, 60_000);

test("a limit that is raised while they run is learnt", async () => {
  await server.reload(`max_payload: ${10 * LARGE}`);
  await eventually(async () => expect((await api.admin.patch(changeOf(4))).status).toBe(200));
}, 60_000);

const publishBroken = (callId: string, bytes: number) =>
  client.js.publish(`events.w1.${callId}.a1.call_completed`, "x".repeat(bytes));

async function deadLetter(callId: string): Promise<{ raw: string; truncated: boolean }> {
  const query = { last_by_subj: `dead_letters.w1.${callId}.>` };
  const message = await eventually(
    async () => (await client.jsm.streams.getMessage("DEAD_LETTERS", query)) ?? null,
    { what: `a dead letter of ${callId}`, timeoutMs: 20_000 },
  );
  return message.json();
}

const TYPES = [
  "call_completed",
  "recording_completed",
  "platform_analysis_completed",
  "client_analysis_completed",
] as const;

/** An edit that stores about 24 kB for each type: what is set, and the agent as it then is. */
function changeOf(types: number) {
  const value = "v".repeat(4_000);
  const subscriptions = TYPES.slice(0, types).map((event_type) => ({
    event_type,
    callback_url: "https://crm.example.com/calls",
    headers: { "x-one": value, "x-two": value, "x-three": value },
    method_type: "POST",
  }));
  return {
    operation: "edit_event_subscriptions",
    agent_id: "a1",
    event_subscriptions: subscriptions,
  };
}
