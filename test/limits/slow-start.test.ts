import { afterAll, beforeAll, expect, test } from "vitest";
import { settled } from "../harness/settled.ts";
import { status } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import {
  startReceiver,
  type ReceivedRequest,
  type Receiver,
} from "../harness/receiver/receiver.ts";
import { mostOpenAtOnce, openWhenCame } from "./open-at-once.ts";
import { publishSteadily, type Pace } from "./publish-steadily.ts";

failOnLeaks();

/** What an endpoint is met with of which nothing is known, and one that was down. */
const AT_FIRST = 64;
const AFTER_OUTAGE = 8;

const FAILING_EVENTS = 24;
/** Each request is open for so long that the endpoint could be met with far more than it may. */
const OPEN_MS = 500;
const LIVE: Pace = { events: 250, everyMs: 10 };

let platform: Platform;
let receiver: Receiver;
/** The requests since the endpoint is well. */
let well: readonly ReceivedRequest[];

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({ dispatcherEnv: { RETRY_DELAYS: "1s,1s,1s,1s,1s,1s,1s,1s" } }),
    startReceiver(status(503)),
  ]);
  await platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/") }]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

const failures = async (): Promise<number> => {
  const metrics = await platform.dispatchers[0]?.metrics();
  return metrics?.value("ringback_attempts_total", { outcome: "status" }) ?? 0;
};

/** How many of these had been answered when this one came. */
const answeredBefore = ({ atMs }: ReceivedRequest, all: readonly ReceivedRequest[]): number =>
  all.filter(({ closedAtMs }) => closedAtMs !== null && closedAtMs <= atMs).length;

test("everything arrives once an endpoint is well that failed many times in a row", async () => {
  const calls = Array.from({ length: FAILING_EVENTS }, (_, n) => ({ callId: `failing-${n}` }));
  await Promise.all(calls.map((call) => platform.publish(call)));
  await eventually(async () => (await failures()) >= FAILING_EVENTS, {
    what: "every event has failed",
  });
  expect(mostOpenAtOnce(receiver.requests)).toBeLessThanOrEqual(AT_FIRST);
  const before = receiver.requests.length;
  receiver.setScript({ kind: "late_status", status: 200, afterMs: OPEN_MS });
  await publishSteadily(platform, LIVE, (n) => ({ callId: `live-${n}` }));
  await settled(platform.client, { timeoutMs: 30_000 });
  well = receiver.requests.slice(before);
  const delivered = new Set(well.map(({ headers }) => headers["webhook-id"]));
  const events = FAILING_EVENTS + LIVE.events;
  expect([delivered.size, well.length]).toEqual([events, events]);
  expect(await platform.deadLetters()).toEqual([]);
});

test("the endpoint is met with at most eight requests at once in the first round, and twice as many in each further one", () => {
  const firstRound = well.filter((one) => answeredBefore(one, well) === 0);
  // On a machine that is busy they may come too slowly for all eight to be open together.
  expect(mostOpenAtOnce(firstRound)).toBeGreaterThan(1);
  expect(mostOpenAtOnce(firstRound)).toBeLessThanOrEqual(AFTER_OUTAGE);
  // A round is over with an answer to each of its requests: each makes room for one more.
  const beyond = well.filter(
    (one) => openWhenCame(one, well) > AFTER_OUTAGE + answeredBefore(one, well),
  );
  expect(beyond).toEqual([]);
});

test("the endpoint is soon met with as many at once as there are", () => {
  expect(mostOpenAtOnce(well)).toBeGreaterThan(2 * AFTER_OUTAGE);
});
