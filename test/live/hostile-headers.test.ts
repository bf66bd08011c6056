import { Buffer } from "node:buffer";
import { eventMessage } from "@ringback/contracts/events/event";
import { afterAll, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { connectRaw, type RawPublisher } from "../intake/raw-publisher.ts";
import { listenTo, type SseClient } from "./sse-client.ts";

failOnLeaks();

let platform: Platform;
let producer: RawPublisher;
let calls = 0;
let client: SseClient | undefined;
beforeAll(async () => {
  platform = await startPlatform();
  producer = await connectRaw(platform.server);
});
afterAll(async () => {
  client?.close();
  producer.close();
  await platform.stop();
});

const listen = (headers = {}): Promise<SseClient> => {
  const url = platform.subscriptions.httpUrl("/ca/api/v0/stream?include=events");
  return listenTo(url, platform.apiKeys[0] ?? "", headers);
};

const HOSTILE: readonly (readonly [string, string])[] = [
  ["a space in a name", "NATS/1.0\r\nbad name: 1\r\n\r\n"],
  ["thousands of headers", `NATS/1.0\r\n${"a: 1\r\n".repeat(8_000)}\r\n`],
];

test.each(HOSTILE)(
  "%s where dispatchers say that they are there stops nobody",
  async (_what, headers) => {
    producer.say("dispatchers.alive.x", headers);
    // Both services do so only while they read their connection.
    await platform.subscribe([
      { event_type: "call_completed", callback_url: "http://127.0.0.1:9/" },
    ]);
    const event = await platform.publish({ callId: "c1", retryCount: calls++ });
    expect(await platform.attempted(event, 1, 5_000)).toHaveLength(1);
    await platform.unsubscribe(["call_completed"]);
  },
);

test.each(HOSTILE)("%s stops no reader of events, and the API goes on", async (what, headers) => {
  const address = { workspaceId: "w1", agentId: "a1", eventType: "call_completed" as const };
  const callId = what.replaceAll(" ", "-");
  const body = Buffer.from(JSON.stringify({ event_type: "call_completed", call_id: callId }));
  const { subject } = eventMessage({ ...address, callId, body });
  client = await listen();
  await producer.publish(subject, headers, body);
  await platform.publish({ callId: `${callId}-next`, agentId: "a1" });
  const told = await client.hears(2, "event");
  expect(told.map(({ call_id }) => call_id)).toEqual([callId, `${callId}-next`]);
  const before = client.heard[0]?.id ?? "";
  client.close();
  client = await listen({ "last-event-id": before });
  const again = await client.hears(2, "event");
  expect(again.map(({ call_id }) => call_id)).toEqual([callId, `${callId}-next`]);
  const found = await fetch(platform.subscriptions.httpUrl(`/ca/api/v0/calls/${callId}/events`), {
    headers: { "x-api-key": platform.apiKeys[0] ?? "" },
  });
  expect(found.status).toBe(200);
  client.close();
});
