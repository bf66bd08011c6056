import { afterAll, beforeAll, expect, test } from "vitest";
import { byPath, status, type Behaviour } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { endpointChanges, operationsOn } from "./operations.ts";

failOnLeaks();

const ENTRY = "test/endpoint-health/watchful-dispatcher.ts";
const ONE_ATTEMPT = { retry_delays: [] };

let platform: Platform;
let receiver: Receiver;
let calls = 0;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({ dispatcherEntry: ENTRY }),
    startReceiver(),
  ]);
  await platform.subscribe([
    {
      event_type: "call_completed",
      callback_url: receiver.url("/hook?token=t"),
      delivery: ONE_ATTEMPT,
    },
  ]);
});
afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

/** So many deliveries, each attempted once, while the endpoint behaves so. */
const attempt = async (n: number, behaviour: Behaviour): Promise<void> => {
  receiver.setScript(byPath({ "/hook": behaviour }));
  const events = Array.from({ length: n }, () => platform.publish({ callId: `c${(calls += 1)}` }));
  for (const event of await Promise.all(events)) await platform.attempted(event, 1);
};

const changesBecome = (changes: readonly (number | "recovered")[]): Promise<unknown> =>
  eventually(async () => expect(await endpointChanges(platform.client)).toEqual(changes), {
    what: `changes ${changes.join(", ")}`,
  });

test("each failing share of an endpoint is published once, and its recovery", async () => {
  await attempt(5, status(200));
  await attempt(5, status(500));
  await changesBecome([50]);
  await attempt(10, status(500)); // 15 of 20
  await changesBecome([50, 70]);
  await attempt(2, status(500)); // 17 of 22: no change
  await attempt(50, status(200)); // 17 of 72
  await changesBecome([50, 70, "recovered"]);
  const [first, , last] = (await operationsOn(platform.client)).filter(({ subject }) =>
    subject.includes(".endpoint."),
  );
  const endpoint = receiver.url("/hook");
  expect(first).toMatchObject({
    subject: "operations.w1.endpoint.failing",
    operation: {
      workspace_id: "w1",
      endpoint,
      scope: "destination",
      attempts: 10,
      failed: 5,
      window_seconds: 300,
    },
  });
  expect(last).toMatchObject({
    subject: "operations.w1.endpoint.recovered",
    operation: { endpoint, attempts: 72, failed: 17, failing_since: first?.operation.at },
  });
});

test("a dispatcher that takes over publishes no change again, and goes on with new attempts", async () => {
  const before = [50, 70, "recovered", 50] as const;
  await attempt(60, status(500)); // 77 of 132
  await changesBecome(before);
  const [holder] = platform.dispatchers;
  const other = await platform.startDispatcher({}, ENTRY);
  await holder?.kill();
  await other.waitForLog("endpoint_watch.turn");
  await attempt(60, status(500)); // 137 of 192, of which the other has seen the last 60 itself
  await changesBecome([...before, 70]);
  const shares = await endpointChanges(platform.client);
  expect(shares.slice(0, before.length)).toEqual(before);
  await other.stop();
});
