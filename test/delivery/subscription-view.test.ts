import { subscriptionSubject } from "@ringback/contracts/streams/subjects";
import { createLogger } from "@ringback/runtime/telemetry/logger";
import { connectNats, type Nats } from "@ringback/runtime/nats/connection";
import { commonSettings, parseSettings } from "@ringback/runtime/settings/settings";
import { wantedStreams } from "@ringback/runtime/streams/stream-config";
import { ensureStreams } from "@ringback/runtime/streams/streams";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  subscriptionView,
  type SubscriptionView,
} from "../../services/dispatcher/src/subscriptions/subscription-view.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { connectTo, type NatsClient } from "../harness/nats/nats-client.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";

failOnLeaks();

const ROUNDS = 200;

let server: NatsServer;
let client: NatsClient;
let nats: Nats;
let view: SubscriptionView;

beforeAll(async () => {
  server = await startNatsServer();
  client = await connectTo(server);
  const settings = parseSettings(commonSettings, { NATS_URL: server.url });
  const log = createLogger("test", "fatal");
  nats = await connectNats(settings, "test-view", log);
  await ensureStreams(nats.jsm, wantedStreams(settings), {
    log,
    signal: new AbortController().signal,
  });
  view = subscriptionView(nats, log, (error) => {
    throw error;
  });
  await view.following.caughtUp;
});

afterAll(async () => {
  await view.following.stop();
  await nats.connection.close();
  await client.close();
  await server.stop();
});

test("a subscription is found as soon as it is stored, though the live view may not have it yet", async () => {
  const found: (string | undefined)[] = [];
  for (let n = 0; n < ROUNDS; n += 1) {
    const agent = { workspaceId: "w1", agentId: `agent-${n}` };
    await client.js.publish(subscriptionSubject(agent), JSON.stringify(registered(agent.agentId)));
    const subscription = await view.find({ ...agent, callId: "c1", eventType: "call_completed" });
    found.push(subscription?.callback_url);
  }
  expect(found).toEqual(Array.from({ length: ROUNDS }, (_, n) => urlOf(`agent-${n}`)));
});

test("an agent or a type without a subscription is not found", async () => {
  const agent = { workspaceId: "w1", callId: "c1" };
  const nobody = { ...agent, agentId: "nobody", eventType: "call_completed" as const };
  expect(await view.find(nobody)).toBeUndefined();
  expect(
    await view.find({ ...agent, agentId: "agent-0", eventType: "recording_completed" }),
  ).toBeUndefined();
});

test("a replaced address is found within 3 s after the view's consumer is gone", async () => {
  expect(
    await foundAfter((name) => client.jsm.consumers.delete("SUBSCRIPTIONS", name), "gone"),
  ).toBe(urlOf("after"));
});

test("a replaced address is found within 3 s while the view's consumer hands out nothing", async () => {
  const until = new Date(Date.now() + 60_000);
  const harm = (name: string) => client.jsm.consumers.pause("SUBSCRIPTIONS", name, until);
  expect(await foundAfter(harm, "paused")).toBe(urlOf("after"));
  // The view itself gets over it, too.
  await eventually(() => view.following.isCurrent(), { timeoutMs: 10_000 });
});

/** What is found 3 s after another address was stored, at the latest. */
async function foundAfter(harm: (consumer: string) => Promise<unknown>, agentId: string) {
  const subject = subscriptionSubject({ workspaceId: "w1", agentId });
  const address = {
    workspaceId: "w1",
    agentId,
    callId: "c1",
    eventType: "call_completed",
  } as const;
  const { seq } = await client.js.publish(subject, JSON.stringify(registered("before")));
  await eventually(() => view.following.appliedUpTo() >= seq);
  for await (const { name } of client.jsm.consumers.list("SUBSCRIPTIONS")) await harm(name);
  await client.js.publish(subject, JSON.stringify(registered("after")));
  const found = async () => (await view.find(address))?.callback_url ?? null;
  return eventually(async () => (await found()) !== urlOf("before") && (await found()), {
    timeoutMs: 3_000,
    what: "another address is found",
  });
}

const urlOf = (agentId: string): string => `https://example.com/${agentId}`;

function registered(agent_id: string) {
  const at = new Date().toISOString();
  const subscription = {
    event_type: "call_completed",
    callback_url: urlOf(agent_id),
    headers: {},
    method_type: "POST",
  };
  const agent = {
    workspace_id: "w1",
    agent_id,
    agent_display_name: agent_id,
    event_subscriptions: [subscription],
    created_at: at,
    updated_at: at,
  };
  const change = { set: [subscription], removed: [] };
  const type = "event_subscriptions_edited";
  return { type, change, occurred_at: at, actor: "test", version: 2, agent };
}
