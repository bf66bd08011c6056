import { afterAll, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";

failOnLeaks();

const EVENTS = 24;
const OPEN_MS = 300;
const MAX_IN_FLIGHT = 2;

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({ dispatcherEnv: { RETRY_DELAYS: "1h" } }),
    startReceiver({ kind: "late_status", status: 200, afterMs: OPEN_MS }),
  ]);
  await platform.subscribe([
    {
      event_type: "call_completed",
      callback_url: receiver.url("/"),
      delivery: { max_in_flight: MAX_IN_FLIGHT },
    },
  ]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

test("the backlog of an endpoint that nothing was known of takes at most twice as long as the endpoint needs", async () => {
  const calls = Array.from({ length: EVENTS }, (_, n) => ({ callId: `call-${n}` }));
  await Promise.all(calls.map((call) => platform.publish(call)));
  const requests = await receiver.received(EVENTS);
  const tookMs = (requests.at(-1)?.atMs ?? 0) - (requests[0]?.atMs ?? 0);
  expect(tookMs).toBeLessThan(2 * (EVENTS / MAX_IN_FLIGHT) * OPEN_MS);
});
