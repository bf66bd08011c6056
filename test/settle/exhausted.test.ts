import { afterAll, beforeAll, expect, test } from "vitest";
import { byPath, status } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { operationsOn } from "../endpoint-health/operations.ts";

failOnLeaks();

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({ dispatcherEnv: { RETRY_DELAYS: "50ms" } }),
    startReceiver(byPath({ "/fails": status(503), "/notified-fails": status(500) })),
  ]);
  for (const workspaceId of ["w1", "w2"]) {
    await platform.subscribe(
      [{ event_type: "call_completed", callback_url: receiver.url("/fails") }],
      { workspaceId },
    );
  }
});
afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

const exhausted = async () =>
  (await operationsOn(platform.client)).filter(
    ({ operation }) => operation.kind === "delivery.exhausted",
  );

const subscribeWorkspace = (path: string): Promise<void> =>
  platform.subscribe([{ event_type: "delivery_exhausted", callback_url: receiver.url(path) }], {
    agentId: "_workspace",
  });

test("an exhausted delivery is published on its workspace's subject", async () => {
  const event = await platform.publish({ callId: "c1" });
  await platform.attempted(event, 2);
  const [one] = await eventually(async () => {
    const all = await exhausted();
    return all.length > 0 ? all : null;
  });
  expect(one).toMatchObject({
    subject: "operations.w1.delivery.exhausted",
    operation: {
      workspace_id: "w1",
      event_seq: event.seq,
      event_type: "call_completed",
      call_id: "c1",
      agent_id: "a1",
      delivery_id: String(event.seq),
      attempts: 2,
      endpoint: new URL(receiver.url("/")).origin,
      reason: "status",
      status_code: 503,
    },
  });
});

test("the workspace that subscribed to it gets a webhook, others do not", async () => {
  await subscribeWorkspace("/notified");
  const theirs = await platform.publish({ callId: "c2", workspaceId: "w2" });
  await platform.attempted(theirs, 2);
  const event = await platform.publish({ callId: "c2" });
  const [request] = await receiver.received(1, { path: "/notified" });
  expect(request?.headers).toMatchObject({
    "ringback-event-type": "delivery_exhausted",
    "ringback-attempt": "1",
  });
  expect(JSON.parse(request?.body.toString() ?? "")).toMatchObject({
    event_type: "delivery_exhausted",
    workspace_id: "w1",
    call_id: "c2",
    agent_id: "_workspace",
    delivery: { event_type: "call_completed", agent_id: "a1", attempts: 2, status_code: 503 },
  });
  // Both were published on OPERATIONS, and only then is the absence of a second webhook one.
  await eventually(async () => expect(await exhausted()).toHaveLength(3));
  expect(receiver.requestsTo("/notified")).toHaveLength(1);
  expect(request?.headers["webhook-id"]).not.toContain(`_${event.seq}`);
});

test("a webhook about a given-up delivery that is given up itself ends there", async () => {
  await subscribeWorkspace("/notified-fails");
  await platform.publish({ callId: "c3" });
  const letters = await eventually(async () => {
    const found = (await platform.deadLetters()).filter((one) => one["call_id"] === "c3");
    return found.length === 2 ? found : null;
  });
  expect(letters.map((letter) => String(letter["event_type"])).toSorted()).toEqual([
    "call_completed",
    "delivery_exhausted",
  ]);
  await eventually(async () => {
    const ofCall = (await exhausted()).filter(
      ({ operation }) => operation.kind === "delivery.exhausted" && operation.call_id === "c3",
    );
    expect(ofCall).toHaveLength(2); // whoever runs the platform learns of both
  });
  const subject = "events.w1.c3.*.delivery_exhausted";
  const { state } = await platform.client.jsm.streams.info("EVENTS", { subjects_filter: subject });
  expect(state.subjects).toEqual({ "events.w1.c3._workspace.delivery_exhausted": 1 });
  expect(receiver.requestsTo("/notified-fails")).toHaveLength(2);
});

const patch = (agent_id: string, event_type: string | string[]) =>
  platform.api("PATCH", "/agent/v1", {
    operation: "edit_event_subscriptions",
    agent_id,
    event_subscriptions: [{ event_type, callback_url: receiver.url("/x") }],
  });

const refused = (message: string) => ({
  status: 422,
  body: { errors: [{ path: "event_subscriptions.0.event_type", message }] },
});

test("each workspace's subscription is for that type alone, and that type for nobody else", async () => {
  expect(await patch("_workspace", "call_completed")).toMatchObject(
    refused("may be delivery_exhausted for agent '_workspace'"),
  );
  const message = "is a type of the workspace: only agent '_workspace' subscribes it";
  for (const types of ["delivery_exhausted", ["call_completed", "delivery_exhausted"]]) {
    expect(await patch("a1", types)).toMatchObject(refused(message));
  }
});

test("the workspace's own agent is read like another, and is in no list, nor registered, nor deleted", async () => {
  await subscribeWorkspace("/notified");
  expect(await platform.api("GET", "/agent/v1/_workspace")).toMatchObject({
    status: 200,
    body: { event_subscriptions: [{ event_type: "delivery_exhausted" }] },
  });
  const list = await platform.api("GET", "/assistant");
  expect(list.body).toMatchObject({ agents: [{ agent_id: "a1" }], next_cursor: null });
  expect(await platform.api("DELETE", "/agent/v1/_workspace")).toMatchObject({
    status: 409,
    body: { code: "reserved_agent" },
  });
  const body = { agent_id: "_workspace", agent_display_name: "Mine" };
  expect(await platform.api("POST", "/agent/v1", body)).toMatchObject({
    status: 422,
    body: { errors: [{ path: "agent_id" }] },
  });
  const subscribed = await platform.subscriptions.metrics();
  expect(subscribed.value("ringback_agents")).toBe(2);
  expect(subscribed.value("ringback_subscriptions")).toBe(3);
  const dispatched = await platform.dispatchers[0]!.metrics();
  expect(dispatched.value("ringback_agents")).toBe(2);
  expect(dispatched.value("ringback_subscriptions")).toBe(3);
  expect(dispatched.value("ringback_operations_total", { kind: "delivery.exhausted" })).toBe(5);
});
