import { afterAll, beforeAll, expect, test } from "vitest";
import type { Behaviour } from "../harness/receiver/behaviour.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";
import { type LimitedDispatcher, startLimitedDispatcher } from "./few-descriptors.ts";

failOnLeaks();

/** Enough to start, and for some of the endpoints at once. */
const DESCRIPTORS = 48;
const ENDPOINTS = 60;
/** All are under way at once. A connection that is kept for the next request would keep its descriptor. */
const LATE: Behaviour = {
  kind: "late_status",
  status: 200,
  afterMs: 300,
  headers: { connection: "close" },
};

let platform: Platform;
let dispatcher: LimitedDispatcher;
let receivers: Receiver[];

beforeAll(async () => {
  platform = await startPlatform({ dispatchers: 0 });
  receivers = await Promise.all(Array.from({ length: ENDPOINTS }, () => startReceiver(LATE)));
  for (const [n, receiver] of receivers.entries()) {
    const at = { agentId: `agent-${n}` };
    await platform.subscribe(
      [{ event_type: "call_completed", callback_url: receiver.url("/") }],
      at,
    );
  }
  dispatcher = await startLimitedDispatcher(DESCRIPTORS, {
    NATS_URL: platform.server.url,
    ALLOW_INSECURE_HTTP: "true",
    ALLOWED_PRIVATE_CIDRS: "127.0.0.0/8",
    RETRY_DELAYS: "1s,1s,1s",
  });
});

afterAll(async () => {
  await dispatcher.stop();
  await platform.stop();
  await Promise.all(receivers.map((receiver) => receiver.stop()));
});

test("without file descriptors deliveries are held back, and made when there are some again", async () => {
  const events = await Promise.all(
    receivers.map((_, n) => platform.publish({ callId: "c1", agentId: `agent-${n}` })),
  );
  for (const event of events) {
    const records = await platform.attempted(event, 1, 60_000);
    // None of the customer's attempts was used up, and nothing was called a failure of theirs.
    expect(records).toMatchObject([{ attempt: 1, outcome: { kind: "delivered" } }]);
  }
  for (const receiver of receivers) expect(receiver.requests).toHaveLength(1);
  const held = dispatcher.logs.filter(({ msg }) => msg === "delivery.held_back");
  expect(held.length).toBeGreaterThan(0);
  for (const line of held) {
    expect(line).toMatchObject({ level: "error", fault: "resources", detail: "EMFILE" });
    expect(line).toHaveProperty("event_id");
  }
  const metrics = await dispatcher.metrics();
  const faults = metrics.value("ringback_own_faults_total", { fault: "resources" });
  expect(faults).toBeGreaterThanOrEqual(held.length); // one line a minute for each cause
  expect(metrics.value("ringback_attempts_total")).toBe(ENDPOINTS);
  expect(metrics.value("ringback_attempts_total", { outcome: "delivered" })).toBe(ENDPOINTS);
}, 180_000);
