import { nanos } from "@nats-io/nats-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { crashEnv, STOPPED } from "../system/crash/crash-point.ts";
import { settled } from "../harness/settled.ts";
import { byPath, status } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { operationsOn } from "./operations.ts";

failOnLeaks();

const CALLS = ["unpublished", "published"] as const;

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  const stops = [
    { callId: "unpublished", attempt: 1, point: "after the attempt record" },
    { callId: "published", attempt: 1, point: "before the acknowledgement" },
  ] as const;
  [platform, receiver] = await Promise.all([
    startPlatform({
      dispatcherEntry: "test/system/crash/dispatcher-that-dies.ts",
      dispatcherEnv: { RETRY_DELAYS: "none", ...crashEnv({ stops, deed: { kind: "wait" } }) },
    }),
    startReceiver(byPath({ "/fails": status(500) })),
  ]);
  await platform.subscribe([
    { event_type: "call_completed", callback_url: receiver.url("/fails") },
  ]);
  await platform.subscribe(
    [{ event_type: "delivery_exhausted", callback_url: receiver.url("/notified") }],
    { agentId: "_workspace" },
  );
});
afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

/** Makes the server forget the ids of all events, as it does ten minutes after they came. */
const forgetMessageIds = async (): Promise<void> => {
  const { js, jsm } = platform.client;
  const subject = "events.w9.probe.a9.call_completed";
  await js.publish(subject, "{}", { msgID: "probe" });
  let windowMs = 100;
  await eventually(
    async () => {
      // Changed each time: the server's clock for it is then wound up again.
      await jsm.streams.update("EVENTS", { duplicate_window: nanos(windowMs) });
      windowMs += 1;
      return !(await js.publish(subject, "{}", { msgID: "probe" })).duplicate;
    },
    { what: "the server forgets message ids", intervalMs: 200 },
  );
};

test("a dispatcher that dies around publishing `exhausted` leaves it published once, on OPERATIONS and by webhook", async () => {
  const dead = platform.dispatchers[0]!;
  for (const callId of CALLS) await platform.publish({ callId });
  await eventually(() => {
    const stopped = dead.logs
      .filter(({ msg }) => msg === STOPPED)
      .map((line) => String(line["call_id"]));
    expect(stopped.toSorted()).toEqual(CALLS.toSorted());
  });
  await dead.kill();
  await forgetMessageIds();
  platform.dispatchers.push(await platform.startDispatcher({}, "services/dispatcher/src/main.ts"));
  await settled(platform.client, { timeoutMs: 60_000 });
  const operations = (await operationsOn(platform.client)).map(({ operation }) => operation);
  const exhausted = operations.filter((one) => one.kind === "delivery.exhausted");
  expect(exhausted.map((one) => one.call_id).toSorted()).toEqual(CALLS.toSorted());
  const filter = { subjects_filter: "events.w1.*._workspace.delivery_exhausted" };
  const { state } = await platform.client.jsm.streams.info("EVENTS", filter);
  const subjects = CALLS.map((call) => [`events.w1.${call}._workspace.delivery_exhausted`, 1]);
  expect(state.subjects).toEqual(Object.fromEntries(subjects));
  // A request that the death came upon may be made again, with the same id.
  const ids = receiver.requestsTo("/notified").map(({ headers }) => headers["webhook-id"]);
  expect(new Set(ids).size).toBe(CALLS.length);
  const letters = (await platform.deadLetters()).filter(({ reason }) => reason === "exhausted");
  expect(letters).toHaveLength(CALLS.length);
}, 120_000);
