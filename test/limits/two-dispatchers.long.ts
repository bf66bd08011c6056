import { parseScheduledRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { SCHEDULED_RETRIES } from "@ringback/contracts/streams/subjects";
import { afterAll, beforeAll, expect, test } from "vitest";
import { settled } from "../harness/settled.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { mostOpenAtOnce } from "./open-at-once.ts";

failOnLeaks();

const EVENTS = 200;
/** Enough for both dispatchers to learn how long the endpoint takes. */
const EARLIER_EVENTS = 20;
const OPEN_MS = 100;
const ENDPOINT_MAX_IN_FLIGHT = 4;

let platform: Platform;
let receiver: Receiver;
/** How often each delivery was put off, by what is scheduled for it. */
const deferrals = new Map<string, number>();

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({
      dispatchers: 2,
      dispatcherEnv: {
        ENDPOINT_MAX_IN_FLIGHT: String(ENDPOINT_MAX_IN_FLIGHT),
        RETRY_DELAYS: "1h",
      },
    }),
    startReceiver({ kind: "late_status", status: 200, afterMs: OPEN_MS }),
  ]);
  platform.client.nc.subscribe(SCHEDULED_RETRIES, {
    callback: (_error, { subject, headers }) => {
      const delivery = parseScheduledRetrySubject(subject)?.deliveryId ?? subject;
      deferrals.set(delivery, Number(headers?.get("Ringback-Deferrals")));
    },
  });
  await platform.client.nc.flush();
  await platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/") }]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

const deliverAll = async (name: string, events: number): Promise<void> => {
  const calls = Array.from({ length: events }, (_, n) => ({ callId: `${name}-${n}` }));
  await Promise.all(calls.map((call) => platform.publish(call)));
  await settled(platform.client, { timeoutMs: 30_000 });
};

test("the backlog of a slow endpoint that is known is shared by two dispatchers, and each event is delivered once", async () => {
  await deliverAll("earlier", EARLIER_EVENTS);
  deferrals.clear();
  await deliverAll("call", EVENTS);
  const all = EARLIER_EVENTS + EVENTS;
  const delivered = new Set(receiver.requests.map(({ headers }) => headers["webhook-id"]));
  expect([delivered.size, receiver.requests.length]).toEqual([all, all]);
  const most = platform.dispatchers.length * ENDPOINT_MAX_IN_FLIGHT;
  expect(mostOpenAtOnce(receiver.requests)).toBeLessThanOrEqual(most);
  await eventually(async () => {
    const both = await Promise.all(platform.dispatchers.map((one) => one.metrics()));
    const made = both.map((metrics) => metrics.value("ringback_attempts_total") ?? 0);
    expect(made.reduce((sum, n) => sum + n, 0)).toBe(all);
    expect(Math.min(...made)).toBeGreaterThan(EVENTS / 10);
  });
});

test("hardly any of its deliveries is put off more than three times", () => {
  const often = [...deferrals.values()].filter((times) => times > 3);
  expect(deferrals.size).toBeGreaterThan(0);
  expect(often.length).toBeLessThan(EVENTS * 0.05);
});
