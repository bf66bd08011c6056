import { afterAll, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";

failOnLeaks();

/** On SIGWINCH the dispatcher's clock on the wall goes back an hour. */
const SET_BACK = encodeURIComponent(`
  process.on("SIGWINCH", () => {
    const real = Date.now;
    Date.now = () => real() - 3_600_000;
  });
`);

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({ dispatcherEnv: { NODE_OPTIONS: `--import data:text/javascript,${SET_BACK}` } }),
    startReceiver(),
  ]);
  const callback_url = receiver.url("/");
  const delivery = { rate_limit: { per_second: 2, burst: 1 } };
  await platform.subscribe([{ event_type: "call_completed", callback_url, delivery }]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

test("a clock that is set back an hour holds up no delivery that waits for its rate", async () => {
  await platform.publish({ callId: "before" });
  await receiver.received(1);
  platform.dispatchers[0]?.signal("SIGWINCH");
  const calls = ["after-1", "after-2", "after-3"].map((callId) => platform.publish({ callId }));
  await Promise.all(calls);
  const requests = await receiver.received(4, { timeoutMs: 10_000 });
  const inAllMs = (requests[3]?.atMs ?? 0) - (requests[0]?.atMs ?? 0);
  expect(inAllMs).toBeGreaterThan(1_000); // and the rate is kept
});

test("nor does it keep the dispatcher from a NATS that comes back", async () => {
  await platform.server.kill();
  await platform.server.restart();
  await platform.client.reconnected();
  await platform.publish({ callId: "nats-is-back" });
  expect(await receiver.received(5, { timeoutMs: 20_000 })).toHaveLength(5);
});
