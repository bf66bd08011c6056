import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Script, status } from "../harness/receiver/behaviour.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";

failOnLeaks();

/** The default schedule: the wait between a failure and the next attempt. */
const DELAYS_MS = [10_000, 60_000, 120_000];
const ALL_OF_IT_MS = 190_000 * 1.1 + 10_000;

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([startPlatform(), startReceiver(failsTheFirstEvent())]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

test(
  "a failing event is tried at 0, 10 s, 70 s and 190 s, given up, and holds up no later one",
  async () => {
    await platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/") }]);
    const failing = await platform.publish({ callId: "failing" });
    await platform.attempted(failing, 1);
    await deliveredAtOnce("while-it-waits-10s");
    await platform.attempted(failing, 2, 20_000);
    await deliveredAtOnce("while-it-waits-60s");

    const records = await platform.attempted(failing, 4, ALL_OF_IT_MS);
    expect(records.map(({ attempt, trigger, next }) => [attempt, trigger, next.kind])).toEqual([
      [1, "event", "retry"],
      [2, "retry", "retry"],
      [3, "retry", "retry"],
      [4, "retry", "dead_letter"],
    ]);
    expectOnTime(records);
    await deliveredAtOnce("after-it-was-given-up");

    const [letter, ...others] = await platform.deadLetters();
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ reason: "exhausted", call_id: "failing" });
    expect(letter).toHaveProperty("last_attempt", records[3]);
  },
  ALL_OF_IT_MS + 30_000,
);

/** 500 for every attempt of the event that comes first, 200 for all others. */
function failsTheFirstEvent(): Script {
  let first: unknown;
  return ({ headers }) => {
    first ??= headers["webhook-id"];
    return status(headers["webhook-id"] === first ? 500 : 200);
  };
}

async function deliveredAtOnce(callId: string): Promise<void> {
  const publishedAtMs = Date.now();
  const event = await platform.publish({ callId });
  const [record] = await platform.attempted(event, 1);
  expect(record).toMatchObject({ attempt: 1, outcome: { kind: "delivered" } });
  expect(Date.parse(record?.at ?? "") - publishedAtMs).toBeLessThan(3_000);
}

function expectOnTime(records: readonly AttemptRecord[]): void {
  const requests = receiver.requests.filter(
    ({ headers }) => headers["webhook-id"] === records[0]?.event_id,
  );
  expect(requests).toHaveLength(DELAYS_MS.length + 1);
  for (const [n, delayMs] of DELAYS_MS.entries()) {
    const before = requests[n];
    const gapMs = (requests[n + 1]?.atMs ?? 0) - (before?.atMs ?? 0);
    // The failure was known a little after the request came in, so this is what "never early" allows.
    expect(gapMs, `attempt ${n + 2}`).toBeGreaterThanOrEqual(delayMs);
    expect(gapMs, `attempt ${n + 2}`).toBeLessThanOrEqual(delayMs * 1.1 + 1_000);
  }
}
