import { afterAll, beforeAll, expect, test } from "vitest";
import { CRASH_POINTS, crashEnv, STOPPED } from "../system/crash/crash-point.ts";
import { status } from "../harness/receiver/behaviour.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { nothingComesBack, recorded, redeliver, told, type PublishedEvent } from "./scene.ts";

failOnLeaks();

const CASES = CRASH_POINTS.map((point, n) => ({ point, callId: `at-${n}` }));

let platform: Platform;
let receiver: Receiver;
beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({ dispatcherEnv: { RETRY_DELAYS: "100ms" } }),
    // Each event is delivered at first; of its redelivery the first attempt fails.
    startReceiver((_request, nth) => status(nth === 2 ? 500 : 200)),
  ]);
});
afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

test("a redelivery whose dispatcher is killed, wherever that is, goes on where it was in another one", async () => {
  const events: PublishedEvent[] = [];
  for (const { callId } of CASES) {
    const callback_url = receiver.url(`/${callId}`);
    const list = [{ event_type: "call_completed" as const, callback_url }];
    await platform.subscribe(list, { agentId: callId });
    events.push(await platform.publish({ callId, agentId: callId }));
  }
  await Promise.all(events.map((event) => recorded(platform, event, 1)));
  await platform.dispatchers.pop()!.stop();
  const stops = CASES.map(({ callId, point }) => ({ callId, point, attempt: 1 }));
  const dying = await platform.startDispatcher(
    crashEnv({ stops, deed: { kind: "wait" } }),
    "test/system/crash/dispatcher-that-dies.ts",
  );
  const ids: unknown[] = [];
  for (const event of events) ids.push((await redeliver(platform, event)).body["delivery_id"]);
  for (const { callId } of CASES) {
    await dying.waitForLog((line) => line.msg === STOPPED && line["call_id"] === callId);
  }
  await dying.kill();
  platform.dispatchers.push(await platform.startDispatcher());
  for (const [n, event] of events.entries()) {
    const delivery_id = ids[n];
    // Between a request and its record the process takes its knowledge with it: it is made again.
    const isRepeated = CASES[n]!.point === "after the answer";
    const chain = isRepeated
      ? [{ attempt: 1, trigger: "redelivery", outcome: "delivered", next: "done", delivery_id }]
      : [
          { attempt: 1, trigger: "redelivery", outcome: "failed", next: "retry", delivery_id },
          { attempt: 2, trigger: "retry", outcome: "delivered", next: "done", delivery_id },
        ];
    expect(told(await recorded(platform, event, 1 + chain.length)).slice(1)).toEqual(chain);
    await nothingComesBack(platform, CASES[n]!.callId);
    expect(receiver.requestsTo(`/${CASES[n]!.callId}`)).toHaveLength(3);
  }
});
