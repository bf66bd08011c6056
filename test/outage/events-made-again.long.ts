import { afterAll, beforeAll, expect, test } from "vitest";
import { byPath, status } from "../harness/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/leaks.ts";
import { type Platform, startPlatform } from "../harness/platform.ts";
import { type Receiver, startReceiver } from "../harness/receiver.ts";
import { drained } from "./drained.ts";

failOnLeaks();

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({ dispatcherEnv: { RETRY_DELAYS: "1h" } }),
    startReceiver(byPath({ "/fail": status(500) })),
  ]);
  await platform.subscribe([
    { event_type: "call_completed", callback_url: receiver.url("/ok") },
    { event_type: "recording_completed", callback_url: receiver.url("/fail") },
  ]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

test("after EVENTS was deleted and made again, its new events are delivered from the first on", async () => {
  await publishMany("old", 20);
  await receiver.received(20, { path: "/ok" });
  await drained(platform.client);
  await untilTheDispatcherLookedAtItsStreams();

  const { streams } = platform.client.jsm;
  const { config } = await streams.info("EVENTS");
  await streams.delete("EVENTS");
  await streams.add(config);
  await publishMany("new", 5);
  const exit = await platform.dispatchers.pop()?.exited;
  expect(exit).toEqual({ code: 1, signal: null });
  platform.dispatchers.push(await platform.startDispatcher());
  await eventually(
    () => {
      const sent = receiver.requestsTo("/ok").map(({ body }) => body.toString("utf8"));
      const calls = new Set(sent.map((text) => (JSON.parse(text) as { call_id: string }).call_id));
      for (let n = 0; n < 5; n += 1) expect([...calls]).toContain(`new-${n}`);
    },
    { timeoutMs: 60_000 },
  );
}, 180_000);

/** It knows then how far its consumer had come: the retry is seen after that. */
async function untilTheDispatcherLookedAtItsStreams(): Promise<void> {
  await platform.publish({ callId: "retried", eventType: "recording_completed" });
  await eventually(
    async () => {
      const metrics = await platform.dispatchers[0]?.metrics();
      return metrics?.value("ringback_retries_waiting") === 1;
    },
    { timeoutMs: 60_000, what: "the dispatcher sees the retry that waits" },
  );
}

async function publishMany(name: string, count: number): Promise<void> {
  const calls = Array.from({ length: count }, (_, n) => `${name}-${n}`);
  await Promise.all(calls.map((callId) => platform.publish({ callId })));
}
