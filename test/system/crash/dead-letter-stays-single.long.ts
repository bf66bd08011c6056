import { nanos } from "@nats-io/nats-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { status } from "../../harness/receiver/behaviour.ts";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { settled } from "../../harness/settled.ts";
import { startStoppingScene, type StoppingScene } from "./stopping-scene.ts";

failOnLeaks();

let scene: StoppingScene;

beforeAll(async () => {
  const stops = [{ callId: "c1", attempt: 2, point: "before the acknowledgement" }] as const;
  scene = await startStoppingScene(stops, status(500), { RETRY_DELAYS: "1s" });
});

afterAll(() => scene.stop());

/** Makes the server forget the ids of all dead letters, as it does ten minutes after they came. */
const forgetMessageIds = async (): Promise<void> => {
  const { js, jsm } = scene.platform.client;
  await jsm.streams.update("DEAD_LETTERS", { duplicate_window: nanos(100) });
  const subject = "dead_letters.w1.probe.a1.call_completed";
  // Its own copies of one message are the sign: stored again, so forgotten.
  await js.publish(subject, "{}", { msgID: "probe" });
  await eventually(async () => !(await js.publish(subject, "{}", { msgID: "probe" })).duplicate);
  await jsm.streams.purge("DEAD_LETTERS", { filter: subject });
};

test("a dispatcher that died long ago, between dead letter and acknowledgement, leaves one dead letter", async () => {
  const { platform, receiver, dispatcher } = scene;
  await scene.publish("c1");
  await scene.stopped("c1");
  await dispatcher.kill();
  await forgetMessageIds();

  await scene.startAnother();
  await settled(platform.client, { timeoutMs: 60_000 });
  expect((await platform.deadLetters()).map(({ reason }) => reason)).toEqual(["exhausted"]);
  expect(receiver.requests).toHaveLength(2);
}, 180_000);
