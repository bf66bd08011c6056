import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../../harness/receiver/receiver.ts";
import type { ServiceProcess } from "../../harness/process/service-process.ts";
import { passes } from "../../harness/time-passes.ts";

failOnLeaks();

/** `make restart-backlog` takes 10,000. */
const EVENTS = Number(process.env["RESTART_EVENTS"] ?? 1_500);
const SLOW_MS = 1_000;
const MEASURED_MS = 4_000;
/**
 * Within this after the dispatcher is ready, or connected again, deliveries go on at more than half the usual
 * rate: five seconds, where this test has the machine to itself.
 */
const GOES_ON_WITHIN_MS = process.env["RESTART_EVENTS"] === undefined ? 20_000 : 5_000;

let platform: Platform;
let receiver: Receiver;
let dispatcher: ServiceProcess;
let usual: number;

beforeAll(async () => {
  receiver = await startReceiver(() => ({ kind: "late_status", status: 200, afterMs: SLOW_MS }));
  platform = await startPlatform({ dispatchers: 0 });
  // So slow that the backlog outlasts the test, however many attempts at once an endpoint may have.
  const delivery = { max_in_flight: 50 };
  await platform.subscribe([
    { event_type: "call_completed", callback_url: receiver.url("/slow"), delivery },
  ]);
  for (let from = 0; from < EVENTS; from += 500) {
    const calls = Array.from({ length: 500 }, (_, n) => `call-${from + n}`);
    await Promise.all(calls.map((callId) => platform.publish({ callId })));
  }
  dispatcher = await platform.startDispatcher();
  platform.dispatchers.push(dispatcher);
  // Every event was attempted or deferred once: a restart finds them as due retries.
  await eventually(
    async () => {
      const { num_pending } = await platform.client.jsm.consumers.info("EVENTS", "dispatcher");
      return num_pending === 0 && receiver.requests.length > 0;
    },
    { timeoutMs: 60_000, what: "every event was taken" },
  );
  usual = await requestsWithin(MEASURED_MS);
}, 180_000);

afterAll(async () => {
  await platform.stop();
  await receiver.stop();
});

test("a dispatcher that is killed with a backlog of one agent goes on delivering when it is started again", async () => {
  await dispatcher.kill();
  await passes(3_000); // meanwhile retries become due
  dispatcher = await platform.startDispatcher();
  platform.dispatchers.push(dispatcher);
  expect(await requestsOnceItGoesOn()).toBeGreaterThan(usual / 2);
}, 60_000);

test("and so it does when its nats-server was killed and started again", async () => {
  await platform.server.kill();
  await passes(2_000);
  await platform.server.restart();
  await platform.client.reconnected();
  expect(await requestsOnceItGoesOn()).toBeGreaterThan(usual / 2);
}, 60_000);

/** Requests in 4 s from now on, as soon as they are more than half of the usual ones. */
const requestsOnceItGoesOn = (): Promise<number> => {
  const fromMs = Date.now();
  return eventually(
    () => {
      const sinceMs = Math.max(fromMs, Date.now() - MEASURED_MS);
      const recent = receiver.requests.filter(({ atMs }) => atMs >= sinceMs).length;
      return recent > usual / 2 && recent;
    },
    { timeoutMs: GOES_ON_WITHIN_MS + MEASURED_MS, what: "half the usual rate" },
  );
};

const requestsWithin = async (ms: number): Promise<number> => {
  const before = receiver.requests.length;
  await passes(ms);
  return receiver.requests.length - before;
};
