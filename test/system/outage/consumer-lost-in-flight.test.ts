import { afterAll, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../../harness/receiver/receiver.ts";
import { drained } from "./drained.ts";
import { requestCounts } from "./request-counts.ts";

failOnLeaks();

const EACH = 60;

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform(),
    startReceiver({ kind: "late_status", status: 200, afterMs: 1_000 }),
  ]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

test("events that are in flight when their consumer is deleted are sent once", async () => {
  await platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/") }]);
  await publishMany("in-flight");
  await receiver.received(EACH);
  await platform.client.jsm.consumers.delete("EVENTS", "dispatcher");
  await publishMany("next");
  await receiver.received(2 * EACH);
  await drained(platform.client);
  expect(requestCounts(receiver)).toEqual({ 1: 2 * EACH });
}, 180_000);

async function publishMany(name: string): Promise<void> {
  const calls = Array.from({ length: EACH }, (_, n) => `${name}-${n}`);
  await Promise.all(calls.map((callId) => platform.publish({ callId })));
}
