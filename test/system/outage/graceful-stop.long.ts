import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../../harness/receiver/receiver.ts";
import { drained } from "./drained.ts";
import { requestCounts } from "./request-counts.ts";

failOnLeaks();

const AT_ONCE = 8;
const EVENTS = 40;

let platform: Platform;
let receiver: Receiver;

beforeEach(async () => {
  const dispatcherEnv = {
    ENDPOINT_MAX_IN_FLIGHT: String(AT_ONCE),
    DELIVERY_TIMEOUT: "4s",
    RETRY_DELAYS: "1s",
  };
  [platform, receiver] = await Promise.all([startPlatform({ dispatcherEnv }), startReceiver()]);
  await platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/") }]);
});

afterEach(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

test("on SIGTERM what is in flight is finished, and what was not begun is given back at once", async () => {
  receiver.setScript({ kind: "late_status", status: 200, afterMs: 2_000 });
  await publishAll();
  await receiver.received(AT_ONCE);
  const [dispatcher] = platform.dispatchers;
  const exit = await dispatcher?.stop();
  const stoppedAtMs = Date.now();
  expect(exit).toEqual({ code: 0, signal: null });
  expect(receiver.requests).toHaveLength(AT_ONCE);
  const { state } = await platform.client.jsm.streams.info("ATTEMPTS");
  expect(state.messages).toBe(AT_ONCE);

  receiver.setScript({ kind: "status", status: 200 });
  platform.dispatchers.push(await platform.startDispatcher());
  // Sooner than ack_wait (15 s) would bring back what nobody gave back. Some may wait for a slot of their own.
  await eventually(
    async () => {
      const info = await platform.client.jsm.consumers.info("EVENTS", "dispatcher");
      expect(info.num_pending + info.num_ack_pending).toBe(0);
    },
    { timeoutMs: 13_000 - (Date.now() - stoppedAtMs), what: "every event was taken again" },
  );
  await receiver.received(EVENTS, { timeoutMs: 90_000 });
  await drained(platform.client);
  expect(requestCounts(receiver)).toEqual({ 1: EVENTS });
}, 180_000);

test("an attempt that is not answered while its process stops fails at its deadline and is retried", async () => {
  receiver.setScript((_request, nth) =>
    nth === 1 ? { kind: "hang" } : { kind: "status", status: 200 },
  );
  const event = await platform.publish({ callId: "c1" });
  await receiver.received(1);
  const exit = await platform.dispatchers[0]?.stop();
  expect(exit).toEqual({ code: 0, signal: null });
  const [record] = await platform.attemptsOf(event);
  expect(record).toMatchObject({ outcome: { reason: "timeout" }, next: { kind: "retry" } });
  platform.dispatchers.push(await platform.startDispatcher());
  await platform.attempted(event, 2);
  expect(receiver.requests).toHaveLength(2);
}, 180_000);

test("while it stops, a dispatcher says that it is alive and not ready", async () => {
  receiver.setScript({ kind: "late_status", status: 200, afterMs: 2_000 });
  await platform.publish({ callId: "c1" });
  await receiver.received(1);
  const [dispatcher] = platform.dispatchers;
  dispatcher?.signal("SIGTERM");
  await dispatcher?.waitForLog("stopping");
  const [livez, readyz] = await Promise.all([
    dispatcher?.get("/livez"),
    dispatcher?.get("/readyz"),
  ]);
  expect(livez?.status).toBe(200);
  expect(readyz?.status).toBe(503);
  expect(JSON.parse(readyz?.text ?? "")).toMatchObject({ reasons: ["stopping"] });
  expect(await dispatcher?.exited).toEqual({ code: 0, signal: null });
});

async function publishAll(): Promise<void> {
  const calls = Array.from({ length: EVENTS }, (_, n) => `call-${n}`);
  await Promise.all(calls.map((callId) => platform.publish({ callId })));
}
