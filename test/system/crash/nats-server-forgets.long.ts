import { afterEach, beforeEach, expect, test } from "vitest";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../../harness/receiver/receiver.ts";
import { crashEnv } from "./crash-point.ts";
import { eventsPerAttempt, publishCalls, recordsPerDelivery, repeatedRequests } from "./load.ts";
import { settled } from "../../harness/settled.ts";

failOnLeaks();

/** Enough for code and connections to be warm: the burst must be over before the server writes again. */
const WARM_UP = 50;
const BURST = 10;

const MAIN = "services/dispatcher/src/main.ts";

let platform: Platform;
let receiver: Receiver;

beforeEach(async () => {
  [platform, receiver] = await Promise.all([startPlatform({ dispatchers: 0 }), startReceiver()]);
  await platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/") }]);
});

afterEach(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

/**
 * The server writes a consumer's state at most every 100 ms. What it had handed out since then, it
 * hands out after the crash as if for the first time. Gives the last sequence of the burst, whose
 * record is stored at the moment of the crash.
 */
const crashAtTheEndOfABurst = async (andItself: boolean): Promise<number> => {
  const point = "after the attempt record" as const;
  const deed = { kind: "kill", pid: platform.server.pid, andItself } as const;
  const plan = { stops: [{ callId: `burst-${BURST - 1}`, attempt: 1, point }], deed };
  const entry = "test/system/crash/dispatcher-that-dies.ts";
  const dispatcher = await platform.startDispatcher(crashEnv(plan), entry);
  platform.dispatchers.push(dispatcher);
  await publishCalls(platform, "warm-up", WARM_UP);
  await settled(platform.client, { timeoutMs: 60_000 });
  const sequences = await publishCalls(platform, "burst", BURST);
  await (andItself ? dispatcher.exited : dispatcher.waitForLog("nats.disconnected"));
  return sequences.at(-1) ?? 0;
};

const playOn = async (): Promise<void> => {
  await platform.client.reconnected();
  await settled(platform.client, { timeoutMs: 60_000 });
};

test("a server that forgot in a crash what it had handed out makes no request come twice", async () => {
  await crashAtTheEndOfABurst(false);
  await platform.server.restart();
  await playOn();
  expect(repeatedRequests(receiver)).toEqual(new Map());
  expect(await recordsPerDelivery(platform)).toEqual({ 1: WARM_UP + BURST });
}, 180_000);

test("a dispatcher that is new after such a crash repeats nothing that was recorded", async () => {
  const recorded = await crashAtTheEndOfABurst(true);
  const [next] = await Promise.all([platform.startDispatcher({}, MAIN), platform.server.restart()]);
  platform.dispatchers.push(next);
  await playOn();
  const repeated = [...repeatedRequests(receiver).keys()];
  expect(repeated.filter((key) => key.includes(`_${recorded} `))).toEqual([]);
  expect(repeated.length).toBeLessThan(BURST);
  expect(eventsPerAttempt(receiver)).toEqual({ 1: WARM_UP + BURST });
  expect(await recordsPerDelivery(platform)).toEqual({ 1: WARM_UP + BURST });
}, 180_000);
