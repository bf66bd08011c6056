import { afterAll, beforeAll, expect, test } from "vitest";
import { byPath, status } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { operationsOn } from "../endpoint-health/operations.ts";

failOnLeaks();

/** More than a dispatcher takes in hand with one attempt at once. */
const GIVEN_UP = 600;

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({ dispatcherEnv: { RETRY_DELAYS: "none", MAX_IN_FLIGHT: "32" } }),
    startReceiver(byPath({ "/fails": status(503) })),
  ]);
  await platform.subscribe([
    { event_type: "call_completed", callback_url: receiver.url("/fails") },
    { event_type: "recording_completed", callback_url: receiver.url("/works") },
  ]);
});
afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

test("deliveries go on while OPERATIONS takes no message, and each exhausted delivery is published afterwards", async () => {
  const { jsm } = platform.client;
  const { config } = await jsm.streams.info("OPERATIONS");
  await jsm.streams.update("OPERATIONS", { subjects: ["elsewhere.>"] });
  await Promise.all(
    Array.from({ length: GIVEN_UP }, (_, n) => platform.publish({ callId: `c${n}` })),
  );
  await eventually(
    async () => expect((await jsm.streams.info("DEAD_LETTERS")).state.messages).toBe(GIVEN_UP),
    { timeoutMs: 60_000 },
  );
  await platform.publish({ callId: "after", eventType: "recording_completed" });
  await receiver.received(1, { path: "/works" });
  await eventually(async () => {
    expect((await jsm.consumers.info("EVENTS", "dispatcher")).num_ack_pending).toBe(0);
  });
  expect((await platform.dispatchers[0]?.metrics())?.value("ringback_own_faults_total")).toBe(0);

  await jsm.streams.update("OPERATIONS", { subjects: config.subjects });
  const calls = async (): Promise<Set<string>> =>
    new Set(
      (await operationsOn(platform.client)).flatMap(({ operation }) =>
        operation.kind === "delivery.exhausted" ? [operation.call_id] : [],
      ),
    );
  await eventually(async () => expect((await calls()).size).toBe(GIVEN_UP), { timeoutMs: 20_000 });
}, 150_000);
