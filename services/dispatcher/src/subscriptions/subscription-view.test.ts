import type { Endpoint } from "@ringback/contracts/endpoints/endpoint";
import { endpointSubject } from "@ringback/contracts/streams/endpoint-subject";
import { WORKSPACE_AGENT } from "@ringback/contracts/agents/workspace-agent";
import { eventTypeSubject } from "@ringback/contracts/streams/event-type-subject";
import { subscriptionSubject, type EventAddress } from "@ringback/contracts/streams/subjects";
import { connectNats, type Nats } from "@ringback/runtime/nats/connection";
import { parseSettings } from "@ringback/runtime/settings/parse-settings";
import { commonSettings } from "@ringback/runtime/settings/settings";
import { wantedStreams } from "@ringback/runtime/streams/stream-config";
import { ensureStreams } from "@ringback/runtime/streams/streams";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  endpointId,
  endpointMessage,
  endpointOf,
} from "../../../../test/harness/fixtures/endpoints.ts";
import { ADDRESS } from "../../../../test/harness/fixtures/records.ts";
import { keptLog } from "../../../../test/harness/kept-log.ts";
import { withFailingCalls } from "../../../../test/harness/nats/failing-calls.ts";
import { eventually } from "../../../../test/harness/eventually.ts";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import { connectTo, type NatsClient } from "../../../../test/harness/nats/nats-client.ts";
import { type NatsServer, startNatsServer } from "../../../../test/harness/nats/nats-server.ts";
import { subscriptionView, type SubscriptionView } from "./subscription-view.ts";

failOnLeaks();

const ROUNDS = 100;

let server: NatsServer;
let client: NatsClient;
let nats: Nats;
let view: SubscriptionView;
/** While true, no request of the view reaches the server; what its consumer gets goes on. */
let isCutOff = false;
const { log, lines } = keptLog();

beforeAll(async () => {
  server = await startNatsServer();
  client = await connectTo(server);
  const settings = parseSettings(commonSettings, { NATS_URL: server.url });
  nats = await connectNats(settings, "test-view", log);
  await ensureStreams(nats.jsm, wantedStreams(settings), {
    log,
    signal: new AbortController().signal,
  });
  const failing = withFailingCalls(nats, () => (isCutOff ? "before" : undefined));
  view = subscriptionView(failing, log, (error) => {
    throw error;
  });
  await view.following.caughtUp;
});

/** The URL that the agent's subscription has now. */
const urlFound = async (address: EventAddress): Promise<string | undefined> =>
  (await view.find({ address, deliveryId: "7" }))?.subscription.callback_url;

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
    found.push(await urlFound({ ...agent, callId: "c1", eventType: "call_completed" }));
  }
  expect(found).toEqual(Array.from({ length: ROUNDS }, (_, n) => urlOf(`agent-${n}`)));
});

test("an agent or a type without a subscription is not found", async () => {
  const agent = { workspaceId: "w1", callId: "c1" };
  const nobody = { ...agent, agentId: "nobody", eventType: "call_completed" as const };
  expect(await urlFound(nobody)).toBeUndefined();
  expect(
    await urlFound({ ...agent, agentId: "agent-0", eventType: "recording_completed" }),
  ).toBeUndefined();
});

test("that there is no subscription is not said while the stream does not reply", async () => {
  const { seq } = await publish("cut-off", registered("cut-off"));
  await eventually(() => view.following.appliedUpTo() >= seq);
  isCutOff = true;
  try {
    await expect(urlFound({ ...ADDRESS, agentId: "nobody" })).rejects.toThrow("timeout");
    await expect(view.findOwnType({ ...ADDRESS, eventType: "own_type" })).rejects.toThrow(
      "timeout",
    );
  } finally {
    isCutOff = false;
  }
});

test("a subscription that is known is found without a request while the view is current", async () => {
  const { seq } = await publish("known", registered("known"));
  await eventually(() => view.following.appliedUpTo() >= seq && view.following.isCurrent());
  isCutOff = true;
  try {
    expect(await urlFound({ ...ADDRESS, agentId: "known" })).toBe(urlOf("known"));
  } finally {
    isCutOff = false;
  }
});

describe("endpoints", () => {
  test("are candidates as soon as they are stored where the agent has no subscription", async () => {
    const found: string[][] = [];
    for (let n = 0; n < ROUNDS; n += 1) {
      await storeEndpoint(endpointId(n), { agents: [`lonely-${n}`] });
      found.push(await idsFor(`lonely-${n}`));
    }
    expect(found).toEqual(Array.from({ length: ROUNDS }, (_, n) => [endpointId(n)]));
  });

  test("cost no request where the subscription is known and the view current", async () => {
    await publish("subscribed", registered("subscribed"));
    const { seq } = await storeEndpoint(endpointId(1_000), { agents: ["subscribed"] });
    await eventually(() => view.following.appliedUpTo() >= seq && view.following.isCurrent());
    isCutOff = true;
    try {
      expect(await idsFor("subscribed")).toEqual([endpointId(1_000)]);
      // That nobody wants an event is not said without the stream.
      await expect(idsFor("nobody")).rejects.toThrow("timeout");
    } finally {
      isCutOff = false;
    }
  });

  test("that are paused are found and no candidates; disabled and deleted ones are neither", async () => {
    const [paused, disabled, deleted] = [endpointId(2_000), endpointId(2_001), endpointId(2_002)];
    await storeEndpoint(paused, { switch: "paused" });
    await storeEndpoint(disabled, { switch: "disabled" });
    await storeEndpoint(deleted, {});
    const { seq } = await storeEndpoint(deleted, null);
    await eventually(() => view.following.appliedUpTo() >= seq);
    expect(await endpointFound(paused)).toMatchObject({ isPaused: true });
    expect(await endpointFound(disabled)).toBeUndefined();
    expect(await endpointFound(deleted)).toBeUndefined();
    expect(await idsFor("nobody-else")).toEqual([]);
  });

  test("that were changed are found changed within 3 s", async () => {
    const id = endpointId(3_000);
    const { seq } = await storeEndpoint(id, { url: "https://before.example.com/", agents: ["x"] });
    await eventually(() => view.following.appliedUpTo() >= seq);
    await storeEndpoint(id, { url: "https://after.example.com/", agents: ["x"] });
    const urlNow = async () => (await endpointFound(id))?.subscription.callback_url;
    await eventually(async () => expect(await urlNow()).toBe("https://after.example.com/"), {
      timeoutMs: 3_000,
    });
  });
});

test("an agent that was deleted has no subscription, and the workspace's own is no agent of calls", async () => {
  const before = { ...view.counts() };
  await publish("short-lived", registered("short-lived"));
  const { seq } = await publish(WORKSPACE_AGENT, registered(WORKSPACE_AGENT));
  await eventually(() => view.following.appliedUpTo() >= seq);
  expect(view.counts()).toEqual({
    ...before,
    agents: before.agents + 1,
    subscriptions: before.subscriptions + 2,
  });
  const deletion = { occurred_at: new Date().toISOString(), version: 3, agent: null };
  const deleted = await publish("short-lived", deletion);
  await eventually(() => view.following.appliedUpTo() >= deleted.seq);
  expect(await urlFound({ ...ADDRESS, agentId: "short-lived" })).toBeUndefined();
  expect(view.counts()).toEqual({ ...before, subscriptions: before.subscriptions + 1 });
});

test("a message that cannot be read is logged once, and leaves the agent as it was", async () => {
  await publish("unread", registered("unread"));
  const { seq } = await publish("unread", { agent: "none" });
  await eventually(() => view.following.appliedUpTo() >= seq);
  expect(await urlFound({ ...ADDRESS, agentId: "unread" })).toBe(urlOf("unread"));
  const logged = lines.filter((line) => line.includes("subscriptions.unreadable"));
  expect(logged.map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual([seq]);
});

test("an event type is the workspace's own from its definition to its deletion", async () => {
  const own = { workspaceId: "w1", eventType: "own_type" };
  const at = new Date().toISOString();
  const definition = { event_type: "own_type", created_at: at, updated_at: at };
  const define = (one: typeof definition | null) =>
    client.js.publish(
      eventTypeSubject("w1", "own_type"),
      JSON.stringify({ occurred_at: at, definition: one }),
    );
  const counts = { ...view.counts() };
  expect(await view.findOwnType(own)).toBe(false);
  await define(definition);
  expect(await view.findOwnType(own)).toBe(true);
  expect(view.isOwnType("w1", "own_type")).toBe(true);
  expect(view.isOwnType("w2", "own_type")).toBe(false);
  await define(null);
  expect(await view.findOwnType(own)).toBe(false);
  expect(view.counts()).toEqual(counts);
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

test("a replaced address is found though the view does not have it, while the view may be behind", async () => {
  const { seq } = await publish("stale", registered("before"));
  await eventually(() => view.following.appliedUpTo() >= seq);
  const until = new Date(Date.now() + 60_000);
  for await (const { name } of client.jsm.consumers.list("SUBSCRIPTIONS")) {
    await client.jsm.consumers.pause("SUBSCRIPTIONS", name, until);
  }
  isCutOff = true;
  try {
    await publish("stale", registered("after"));
    await eventually(() => !view.following.isCurrent());
  } finally {
    isCutOff = false;
  }
  expect(await urlFound({ ...ADDRESS, agentId: "stale" })).toBe(urlOf("after"));
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
  const found = async () => (await urlFound(address)) ?? null;
  return eventually(async () => (await found()) !== urlOf("before") && (await found()), {
    timeoutMs: 3_000,
    what: "another address is found",
  });
}

const publish = (agentId: string, message: object) =>
  client.js.publish(subscriptionSubject({ workspaceId: "w1", agentId }), JSON.stringify(message));

const storeEndpoint = (endpoint_id: string, more: Partial<Endpoint> | null) => {
  const subject = endpointSubject({ workspaceId: "w1", endpointId: endpoint_id });
  const endpoint = more === null ? null : endpointOf(endpoint_id, more);
  return client.js.publish(subject, JSON.stringify(endpointMessage(endpoint)));
};
const idsFor = async (agentId: string): Promise<string[]> =>
  (await view.candidates({ ...ADDRESS, agentId })).endpoints.map((one) => one.endpoint_id);

/** The endpoint as the destination of a delivery. */
const endpointFound = (id: string) => view.find({ address: ADDRESS, deliveryId: `7-${id}` });

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
