import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { byPath, status } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { listenTo, type SseClient } from "./sse-client.ts";

failOnLeaks();

let platform: Platform;
let receiver: Receiver;
const clients: SseClient[] = [];

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({ dispatcherEnv: { RETRY_DELAYS: "50ms" } }),
    startReceiver(byPath({ "/fails": status(500) })),
  ]);
  for (const [workspaceId, agentId, path] of [
    ["w1", "a1", "/ok"],
    ["w1", "a2", "/fails"],
    ["w2", "a1", "/ok"],
  ] as const) {
    const subscription = {
      event_type: ["call_completed" as const, "recording_completed" as const],
      callback_url: receiver.url(path),
    };
    await platform.subscribe([subscription], { workspaceId, agentId });
  }
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

const listen = async (query = "", workspace = 0, headers = {}): Promise<SseClient> => {
  const url = platform.subscriptions.httpUrl(`/ca/api/v0/stream${query}`);
  const client = await listenTo(url, platform.apiKeys[workspace] ?? "", headers);
  clients.push(client);
  return client;
};

const callsOf = (told: readonly Readonly<Record<string, unknown>>[]) =>
  told.map((one) => String(one["call_id"]));

test("attempts are told as they happen, of the caller's workspace and of no other", async () => {
  const [ours, theirs] = await Promise.all([listen(), listen("", 1)]);
  expect(ours.status).toBe(200);
  expect(ours.headers).toMatchObject({
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  const event = await platform.publish({ callId: "c1", agentId: "a2" });
  await platform.publish({ callId: "c2", workspaceId: "w2" });
  const told = await ours.hears(2, "attempt");
  expect(told).toEqual(await platform.attempted(event, 2));
  expect(callsOf(await theirs.hears(1, "attempt"))).toEqual(["c2"]);
  expect(ours.heard.map((one) => one.event)).toEqual(["ready", "attempt", "attempt"]);
});

test("agent and event type narrow what is told", async () => {
  const both = await listen("?agent_id=a1&event_type=recording_completed");
  const agent = await listen("?agent_id=a1");
  await platform.publish({ callId: "c3", agentId: "a2", eventType: "recording_completed" });
  await platform.publish({ callId: "c4", eventType: "call_completed" });
  await platform.publish({ callId: "c5", eventType: "recording_completed" });
  expect(callsOf(await agent.hears(2, "attempt")).toSorted()).toEqual(["c4", "c5"]);
  expect(callsOf(await both.hears(1, "attempt"))).toEqual(["c5"]);
});

/** Without the agent whose retries of an earlier test may still come. */
const OURS = "?include=attempts,events&agent_id=a1";

test("with include=events heads of events are told, also of those that nobody is sent", async () => {
  const client = await listen(OURS);
  const body = '{ "call_id": "c6", "event_type":"client_analysis_completed" }';
  const { seq } = await platform.publish({
    callId: "c6",
    eventType: "client_analysis_completed",
    body,
  });
  const [head] = await client.hears(1, "event");
  expect(head).toEqual({
    event_id: expect.stringMatching(new RegExp(`^evt_[0-9a-z]+_${seq}$`)),
    event_seq: seq,
    event_type: "client_analysis_completed",
    call_id: "c6",
    agent_id: "a1",
    workspace_id: "w1",
    stored_at: expect.stringMatching(/^20\d\d-.*Z$/),
    size_bytes: body.length,
  });
  const { seq: other } = await platform.publish({ callId: "c7" });
  const [, second] = await client.hears(2, "event");
  expect(second).toMatchObject({ event_seq: other });
  const [attempt] = await client.hears(1, "attempt");
  expect(attempt?.["event_id"]).toBe(second?.["event_id"]);
  const alone = await listen("?include=events");
  await platform.publish({ callId: "c8" });
  await client.hears(2, "attempt");
  await alone.hears(1, "event");
  expect(alone.named("attempt")).toEqual([]);
});

test("what came while a reader was away is told when it comes back, and nothing twice", async () => {
  const first = await listen(OURS);
  await platform.publish({ callId: "r1" });
  await Promise.all([first.hears(1, "attempt"), first.hears(1, "event")]);
  first.close();
  for (const callId of ["r2", "r3"]) {
    await platform.attempted(await platform.publish({ callId }), 1);
  }
  const headers = { "last-event-id": first.lastId() ?? "" };
  const second = await listen(OURS, 0, headers);
  await platform.publish({ callId: "r4" });
  expect(callsOf(await second.hears(3, "attempt"))).toEqual(["r2", "r3", "r4"]);
  expect(callsOf(await second.hears(3, "event"))).toEqual(["r2", "r3", "r4"]);
  expect(second.named("missed")).toEqual([]);
});

test("a reader that heard nothing yet has a place to come back to as well", async () => {
  const first = await listen(OURS);
  const id = await eventually(() => first.lastId() ?? null);
  first.close();
  await platform.attempted(await platform.publish({ callId: "r5" }), 1);
  const second = await listen(OURS, 0, { "last-event-id": id });
  expect(callsOf(await second.hears(1, "attempt"))).toEqual(["r5"]);
});

test("a place on former streams is told as missed, without a number", async () => {
  const client = await listen("?include=attempts,events", 0, { "last-event-id": "a-b.1.1" });
  expect(await client.hears(2, "missed")).toEqual([
    { of: "attempts", count: null },
    { of: "events", count: null },
  ]);
  await platform.publish({ callId: "r6" });
  expect(callsOf(await client.hears(1, "attempt"))).toEqual(["r6"]);
});

test.each([
  ["?include=payloads", {}, "include"],
  ["?include=", {}, "include"],
  ["?agent_id=a.b", {}, "agent_id"],
  ["?agent_id=a1&agent_id=a2", {}, "agent_id"],
  ["?event_type=Call", {}, "event_type"],
  ["?workspace_id=w2", {}, "workspace_id"],
  ["", { "last-event-id": "yesterday" }, "Last-Event-ID"],
])("%s with %o is answered 422 and names what is wrong", async (query, headers, path) => {
  const url = platform.subscriptions.httpUrl(`/ca/api/v0/stream${query}`);
  const answer = await fetch(url, {
    headers: { "x-api-key": platform.apiKeys[0] ?? "", ...headers },
  });
  expect(answer.status).toBe(422);
  const { errors } = (await answer.json()) as { errors: { path: string }[] };
  expect(errors[0]?.path.split(".")[0]).toBe(path);
});

test("a key has ten streams at most, and a place is free again when one is closed", async () => {
  const open = await Promise.all(Array.from({ length: 10 }, () => listen()));
  const refused = await listen();
  expect([refused.status, refused.headers["content-type"]]).toEqual([
    429,
    "application/problem+json; charset=utf-8",
  ]);
  const metrics = await platform.subscriptions.metrics();
  expect(metrics.value("ringback_streams_open")).toBe(10);
  expect((await listen("", 1)).status).toBe(200);
  open[0]?.close();
  await eventually(async () => (await listen()).status === 200, { what: "a free place" });
});

test("what a reader is served by is gone from NATS when it is gone", async () => {
  const { jsm } = platform.client;
  const consumers = async (stream: string) => (await jsm.streams.info(stream)).state.consumer_count;
  const metrics = await eventually(async () => {
    const now = await platform.subscriptions.metrics();
    return now.value("ringback_streams_open") === 0 ? now : null;
  });
  expect(metrics.value("ringback_streams_open")).toBe(0);
  // The index follows ATTEMPTS; the dispatcher and the index follow EVENTS.
  await eventually(async () => expect(await consumers("ATTEMPTS")).toBe(1));
  const client = await listen("?include=attempts,events");
  await eventually(async () => expect(await consumers("ATTEMPTS")).toBe(2));
  client.close();
  await eventually(async () => expect(await consumers("ATTEMPTS")).toBe(1));
  await eventually(async () => expect(await consumers("EVENTS")).toBe(2));
});
