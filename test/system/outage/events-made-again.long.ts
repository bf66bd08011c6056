import { afterAll, beforeAll, expect, test } from "vitest";
import { byPath, status } from "../../harness/receiver/behaviour.ts";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../../harness/receiver/receiver.ts";
import { drained } from "./drained.ts";

failOnLeaks();

/** Longer than it takes to see that a stream is gone, and shorter than a process waits that has to end. */
const HELD = { kind: "late_status", status: 200, afterMs: 7_000 } as const;

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({ dispatcherEnv: { RETRY_DELAYS: "1h" } }),
    startReceiver(byPath({ "/fail": status(500), "/held": HELD })),
  ]);
  await platform.subscribe([
    { event_type: "call_completed", callback_url: receiver.url("/ok") },
    { event_type: "recording_completed", callback_url: receiver.url("/fail") },
    { event_type: "platform_analysis_completed", callback_url: receiver.url("/held") },
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

  const held = await platform.publish({
    callId: "held",
    eventType: "platform_analysis_completed",
  });
  await receiver.received(1, { path: "/held" });
  const { streams } = platform.client.jsm;
  const { config } = await streams.info("EVENTS");
  await streams.delete("EVENTS");
  await streams.add(config);
  await publishMany("new", 5);
  const exit = await platform.dispatchers.pop()?.exited;
  expect(exit).toEqual({ code: 1, signal: null });
  // What was out when it had to end was waited for, and is recorded.
  expect(await platform.attemptsOf(held)).toMatchObject([{ outcome: { kind: "delivered" } }]);
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
