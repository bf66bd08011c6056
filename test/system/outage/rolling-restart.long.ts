import { setInterval } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../../harness/receiver/receiver.ts";
import { drained } from "./drained.ts";
import { requestCounts } from "./request-counts.ts";

failOnLeaks();

const LEAST_EVENTS = 1_000;

let platform: Platform;
let receiver: Receiver;

beforeEach(async () => {
  [platform, receiver] = await Promise.all([
    // Room for all at once: what is put off for want of it is another matter.
    startPlatform({ dispatchers: 3, dispatcherEnv: { ENDPOINT_MAX_IN_FLIGHT: "1000" } }),
    startReceiver({ kind: "late_status", status: 200, afterMs: 30 }),
  ]);
  await platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/") }]);
});

afterEach(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

test("a rolling restart under load sends nothing twice, loses nothing and delays nothing", async () => {
  const load = startLoad();
  for (const old of platform.dispatchers.splice(0)) {
    platform.dispatchers.push(await platform.startDispatcher());
    const seen = receiver.requests.length;
    await receiver.received(seen + 50);
    const exit = await old.stop();
    expect(exit).toEqual({ code: 0, signal: null });
  }
  const publishedAtMs = await load.end();
  const events = publishedAtMs.size;
  expect(events).toBeGreaterThanOrEqual(LEAST_EVENTS);
  const requests = await receiver.received(events, { timeoutMs: 60_000 });
  const delays = requests.map(
    ({ atMs, body }) => atMs - (publishedAtMs.get(callIdIn(body)) ?? Number.NaN),
  );
  // Sooner than ack_wait (15 s) would bring back what a stopping process kept to itself.
  expect(Math.max(...delays)).toBeLessThan(10_000);
  await drained(platform.client);
  expect(requestCounts(receiver)).toEqual({ 1: events });
  const { state } = await platform.client.jsm.streams.info("ATTEMPTS");
  expect(state.messages).toBe(events);
}, 180_000);

test("three dispatchers share the work, and each event is one request and one record", async () => {
  const calls = Array.from({ length: LEAST_EVENTS }, (_, n) => `call-${n}`);
  await Promise.all(calls.map((callId) => platform.publish({ callId })));
  await receiver.received(LEAST_EVENTS, { timeoutMs: 60_000 });
  await drained(platform.client);
  expect(requestCounts(receiver)).toEqual({ 1: LEAST_EVENTS });
  const shares = await Promise.all(
    platform.dispatchers.map(async (dispatcher) =>
      (await dispatcher.metrics()).value("ringback_attempts_total", { outcome: "delivered" }),
    ),
  );
  expect(shares.reduce((sum: number, share) => sum + (share ?? 0), 0)).toBe(LEAST_EVENTS);
  for (const share of shares) expect(share).toBeGreaterThan(LEAST_EVENTS / 10);
}, 180_000);

/** Publishes 200 events a second until its end, and at least 1,000. */
function startLoad(): { end: () => Promise<Map<string, number>> } {
  const publishedAtMs = new Map<string, number>();
  let ending = false;
  const publishing = (async () => {
    for await (const perTick of setInterval(50, 10)) {
      for (let n = 0; n < perTick; n += 1) {
        const callId = `call-${publishedAtMs.size}`;
        publishedAtMs.set(callId, Date.now());
        await platform.publish({ callId });
      }
      if (ending && publishedAtMs.size >= LEAST_EVENTS) return;
    }
  })();
  return {
    end: async () => {
      ending = true;
      await publishing;
      return publishedAtMs;
    },
  };
}

const callIdIn = (body: Buffer): string =>
  (JSON.parse(body.toString("utf8")) as { call_id: string }).call_id;
