import { afterAll, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "./leaks.ts";
import { startPlatform, type Platform } from "./platform.ts";
import { startReceiver, type Receiver } from "../receiver/receiver.ts";

failOnLeaks();

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([startPlatform(), startReceiver()]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

test("an event that is published after a PATCH's 200 reaches the subscribed endpoint", async () => {
  await platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/hook") }]);
  const event = await platform.publish({ callId: "c1" });
  const [request] = await receiver.received(1, { path: "/hook" });
  expect(request?.body.toString()).toBe('{"event_type":"call_completed","call_id":"c1"}');
  const [attempt] = await platform.attempted(event, 1);
  expect(attempt).toMatchObject({ attempt: 1, trigger: "event", outcome: { kind: "delivered" } });
});
