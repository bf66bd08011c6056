import { afterAll, beforeAll, expect, test } from "vitest";
import { endpointId } from "../harness/fixtures/endpoints.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import type { MetricsSnapshot } from "../harness/process/prometheus-text.ts";
import { byPath, inTurn, status } from "../harness/receiver/behaviour.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";
import { settled } from "../harness/settled.ts";
import { storeEndpoint } from "../endpoints/stored-endpoints.ts";

failOnLeaks();

const HOUR_MS = 3_600_000;
const DUE = { reason: "due" };
const OLDEST = "ringback_backlog_retries_oldest_seconds";
const WAITING = "ringback_first_attempts_waiting";

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({
      dispatcherEntry: "test/repair/watchful-dispatcher.ts",
      dispatcherEnv: { RETRY_DELAYS: "1s", RETRY_JITTER: "0" },
    }),
    startReceiver(byPath({ "/fails": inTurn(status(500), status(200)), "/endpoint": status(200) })),
  ]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

const scrape = async (): Promise<MetricsSnapshot> => {
  const [dispatcher] = platform.dispatchers;
  if (dispatcher === undefined) throw new Error("no dispatcher");
  return dispatcher.metrics();
};

const pauseRetries = async (ms: number): Promise<void> => {
  const until = new Date(Date.now() + ms);
  await platform.client.jsm.consumers.pause("RETRIES", "dispatcher", until);
};

test("retries and further deliveries that are due and that nobody takes are told, with their age", async () => {
  await eventually(async () => {
    const page = await scrape();
    for (const name of [OLDEST, "ringback_backlog_retries"]) expect(page.value(name)).toBe(0);
    for (const name of [WAITING, `${WAITING}_late`]) expect(page.value(name, DUE)).toBe(0);
  });
  await pauseRetries(HOUR_MS);
  const callback_url = receiver.url("/fails");
  await platform.subscribe([{ event_type: "call_completed", callback_url }]);
  await platform.publish({ callId: "retried" });
  await eventually(async () => {
    const page = await scrape();
    expect(page.value("ringback_backlog_retries")).toBe(1);
    expect(page.value(OLDEST)).toBeGreaterThan(0);
    expect(page.value(WAITING, DUE)).toBe(0); // it was attempted
  });
  await storeEndpoint(platform.client, endpointId(1), { url: receiver.url("/endpoint") });
  await eventually(async () => (await scrape()).value("ringback_endpoints") === 1);
  const published = Array.from({ length: 300 }, (_, n) => platform.publish({ callId: `c${n}` }));
  await Promise.all(published);
  await eventually(async () => {
    const page = await scrape();
    expect(page.value("ringback_backlog_retries")).toBe(301);
    // More than are read one by one: those that were read stand for the others.
    for (const name of [WAITING, `${WAITING}_late`]) {
      expect(page.value(name, DUE)).toBeGreaterThan(295);
      expect(page.value(name, DUE)).toBeLessThanOrEqual(301);
    }
    expect(page.value(`${WAITING}_oldest_seconds`, DUE)).toBeGreaterThan(5);
    expect(page.value(OLDEST)).toBeGreaterThan(5);
    // The watch sees nothing to repair: the schedule has fired.
    expect(page.value("ringback_retry_overdue_seconds")).toBe(0);
  });
  await pauseRetries(-1_000);
  await settled(platform.client, { timeoutMs: 20_000 });
  await eventually(async () => {
    const page = await scrape();
    for (const name of [OLDEST, "ringback_backlog_retries"]) expect(page.value(name)).toBe(0);
    for (const name of [WAITING, `${WAITING}_late`]) expect(page.value(name, DUE)).toBe(0);
  });
  expect(receiver.requestsTo("/endpoint")).toHaveLength(300);
});
