import type { JsMsg } from "@nats-io/jetstream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { status, type Script } from "../../harness/receiver/behaviour.ts";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import type { Stop } from "./crash-point.ts";
import { settled } from "../../harness/settled.ts";
import { startStoppingScene, type StoppingScene } from "./stopping-scene.ts";

failOnLeaks();

const STOPS: readonly Stop[] = [
  { callId: "recorded", attempt: 1, point: "before the acknowledgement" },
  { callId: "deferred", attempt: 1, point: "before the acknowledgement" },
];

/** A destination takes one request at a time: while it is busy, its next delivery is put off. */
const script: Script = ({ path, headers }) => {
  if (path === "/deferred?busy") return { kind: "late_status", status: 200, afterMs: 3_000 };
  return status(path === "/recorded" && headers["ringback-attempt"] === "1" ? 500 : 200);
};

let scene: StoppingScene;

beforeAll(async () => {
  const settings = { RETRY_DELAYS: "5s", ENDPOINT_MAX_IN_FLIGHT: "1" };
  scene = await startStoppingScene(STOPS, script, settings);
});

afterAll(() => scene.stop());

/** Takes both due retries in work, like a dispatcher that is still busy with them. */
const takeRetries = async (): Promise<JsMsg[]> => {
  const consumer = await scene.platform.client.js.consumers.get("RETRIES", "dispatcher");
  const taken: JsMsg[] = [];
  await eventually(
    async () => {
      const message = await consumer.next({ expires: 1_000 });
      if (message !== null) taken.push(message);
      return taken.length === STOPS.length;
    },
    { timeoutMs: 60_000, what: "both retries are due" },
  );
  return taken;
};

test("an event that comes again while its retry is in work elsewhere starts nothing", async () => {
  const { platform, receiver, dispatcher } = scene;
  const recorded = await scene.publish("recorded");
  await scene.stopped("recorded");
  // One destination: a query is no part of it.
  await scene.publish("busy", "/deferred?busy");
  await receiver.received(1, { path: "/deferred?busy" });
  const deferred = await scene.publish("deferred", "/deferred?later");
  await scene.stopped("deferred");
  await dispatcher.kill();

  const taken = await takeRetries();
  const keepAlive = setInterval(() => taken.forEach((message) => message.working()), 5_000);
  await scene.startAnother();
  await eventually(
    async () => {
      const { num_pending, num_ack_pending } = await platform.client.jsm.consumers.info(
        "EVENTS",
        "dispatcher",
      );
      expect(num_pending + num_ack_pending).toBe(0);
    },
    { timeoutMs: 60_000, what: "every event has come again and is acknowledged" },
  );
  clearInterval(keepAlive);
  expect(receiver.requestsTo("/recorded")).toHaveLength(1);
  expect(receiver.requestsTo("/deferred?later")).toHaveLength(0);
  expect((await platform.client.jsm.streams.info("RETRIES")).state.messages).toBe(2);

  for (const message of taken) message.nak();
  await settled(platform.client, { timeoutMs: 60_000 });
  expect(receiver.requestsTo("/recorded")).toHaveLength(2);
  expect(receiver.requestsTo("/deferred?later")).toHaveLength(1);
  expect((await platform.attemptsOf(recorded)).map(({ attempt }) => attempt)).toEqual([1, 2]);
  expect((await platform.attemptsOf(deferred)).map(({ attempt }) => attempt)).toEqual([1]);
}, 180_000);
