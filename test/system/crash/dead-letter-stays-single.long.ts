import { nanos } from "@nats-io/nats-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { status } from "../../harness/receiver/behaviour.ts";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../../harness/receiver/receiver.ts";
import { crashEnv, STOPPED } from "./crash-point.ts";
import { settled } from "../../harness/settled.ts";

failOnLeaks();

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  const stops = [{ callId: "c1", attempt: 2, point: "before the acknowledgement" }] as const;
  [platform, receiver] = await Promise.all([
    startPlatform({
      dispatcherEntry: "test/system/crash/dispatcher-that-dies.ts",
      dispatcherEnv: { RETRY_DELAYS: "1s", ...crashEnv({ stops, deed: { kind: "wait" } }) },
    }),
    startReceiver(status(500)),
  ]);
  await platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/") }]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

/** Makes the server forget the ids of all dead letters, as it does ten minutes after they came. */
const forgetMessageIds = async (): Promise<void> => {
  const { js, jsm } = platform.client;
  await jsm.streams.update("DEAD_LETTERS", { duplicate_window: nanos(100) });
  const subject = "dead_letters.w1.probe.a1.call_completed";
  // Its own copies of one message are the sign: stored again, so forgotten.
  await js.publish(subject, "{}", { msgID: "probe" });
  await eventually(async () => !(await js.publish(subject, "{}", { msgID: "probe" })).duplicate);
  await jsm.streams.purge("DEAD_LETTERS", { filter: subject });
};

it("a dispatcher that died long ago, between dead letter and acknowledgement, leaves one dead letter", async () => {
  const dead = platform.dispatchers[0]!;
  await platform.publish({ callId: "c1" });
  await dead.waitForLog(STOPPED);
  await dead.kill();
  await forgetMessageIds();

  const main = "services/dispatcher/src/main.ts";
  platform.dispatchers.push(await platform.startDispatcher({}, main));
  await settled(platform.client, { timeoutMs: 60_000 });
  expect((await platform.deadLetters()).map(({ reason }) => reason)).toEqual(["exhausted"]);
  expect(receiver.requests).toHaveLength(2);
}, 180_000);
