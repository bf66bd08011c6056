import { afterAll, beforeAll, expect, test } from "vitest";
import { status, type Script } from "../../harness/receiver/behaviour.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../../harness/receiver/receiver.ts";
import { eventsPerAttempt, publishCalls, recordsPerDelivery, repeatedRequests } from "./load.ts";
import { settled } from "../../harness/settled.ts";

failOnLeaks();

const EVENTS = 200;
const SETTLED_WITHIN_MS = 60_000;

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({ dispatcherEnv: { RETRY_DELAYS: "1s,1s", ENDPOINT_MAX_IN_FLIGHT: "1024" } }),
    startReceiver(),
  ]);
  await platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/") }]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

/** First attempts fail, a little later each; second ones succeed. */
const slowlyFailingOnce: Script = ({ headers }, nth) =>
  headers["ringback-attempt"] === "1"
    ? { kind: "late_status", status: 500, afterMs: 200 + nth * 5 }
    : status(200);

test("nats-server killed with 200 deliveries in flight: each attempt is made and recorded once", async () => {
  receiver.setScript(slowlyFailingOnce);
  await publishCalls(platform, "flight", EVENTS);
  // Some are recorded, some acknowledged, most wait for their answer.
  await receiver.received(EVENTS);
  await platform.dispatchers[0]!.waitForLog("delivery.attempted");
  await platform.server.kill();
  await platform.server.restart();
  await platform.client.reconnected();
  await settled(platform.client, { timeoutMs: SETTLED_WITHIN_MS });
  expect(repeatedRequests(receiver)).toEqual(new Map());
  expect(eventsPerAttempt(receiver)).toEqual({ 1: EVENTS, 2: EVENTS });
  expect(await recordsPerDelivery(platform)).toEqual({ 2: EVENTS });
}, 180_000);
