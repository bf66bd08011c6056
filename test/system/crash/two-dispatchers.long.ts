import { afterAll, beforeAll, expect, test } from "vitest";
import { status, type Script } from "../../harness/receiver/behaviour.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../../harness/receiver/receiver.ts";
import type { ServiceProcess } from "../../harness/process/service-process.ts";
import { eventsPerAttempt, publishCalls, recordsPerDelivery, repeatedRequests } from "./load.ts";
import { settled } from "../../harness/settled.ts";

failOnLeaks();

const EVENTS = 250;
/** At most so many requests are out at once in one process. */
const IN_FLIGHT = 16;
const MAIN = "services/dispatcher/src/main.ts";

/** Every fifth first attempt fails, so that retries are among the work. */
const slow: Script = ({ headers }, nth) =>
  headers["ringback-attempt"] === "1" && isToFail(String(headers["webhook-id"]))
    ? status(500)
    : { kind: "late_status", status: 200, afterMs: 20 + (nth % 30) };

const isToFail = (eventId: string): boolean => Number(eventId.split("_").at(-1)) % 5 === 0;

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({
      dispatchers: 2,
      dispatcherEnv: {
        RETRY_DELAYS: "1s,1s",
        MAX_IN_FLIGHT: String(IN_FLIGHT),
        ENDPOINT_MAX_IN_FLIGHT: String(IN_FLIGHT),
      },
    }),
    startReceiver(slow),
  ]);
  await platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/") }]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

/** What requests and records must be for so many events, whoever was killed. */
const nothingLost = (events: number) => {
  const failing = events / 5;
  const requested = { 1: events, 2: failing };
  return { requested, recorded: { 1: events - failing, 2: failing } };
};

const outcome = async () => ({
  requested: eventsPerAttempt(receiver),
  recorded: await recordsPerDelivery(platform),
});

const underLoad = async (
  name: string,
  killed: readonly ServiceProcess[],
  restart: number,
): Promise<void> => {
  const before = receiver.requests.length;
  const published = publishCalls(platform, name, EVENTS);
  await receiver.received(before + EVENTS / 4);
  await Promise.all(killed.map((dispatcher) => dispatcher.kill()));
  await published;
  const started = Array.from({ length: restart }, () => platform.startDispatcher({}, MAIN));
  platform.dispatchers.push(...(await Promise.all(started)));
  await settled(platform.client, { timeoutMs: 60_000 });
};

test("one of two dispatchers killed under load: nothing is lost, and only what it had in flight is repeated", async () => {
  await underLoad("one", platform.dispatchers.slice(0, 1), 1);
  expect(await outcome()).toEqual(nothingLost(EVENTS));
  expect(repeatedRequests(receiver).size).toBeLessThanOrEqual(IN_FLIGHT);
}, 180_000);

test("both dispatchers killed under load: nothing is lost, and only what they had in flight is repeated", async () => {
  await underLoad("both", platform.dispatchers.slice(1), 2);
  expect(await outcome()).toEqual(nothingLost(2 * EVENTS));
  expect(repeatedRequests(receiver).size).toBeLessThanOrEqual(3 * IN_FLIGHT);
}, 180_000);
