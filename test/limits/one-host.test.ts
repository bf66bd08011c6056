import { afterAll, beforeAll, expect, test } from "vitest";
import { byPath, status, type Behaviour } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";

failOnLeaks();

const PATHS = 12;
/** Paths of the one host that never answer, and more events for them than any path may have open. */
const HANGING = 4;
const EVENTS_EACH = 60;

let platform: Platform;
let host: Receiver;

const nameOf = (n: number): string => `${n < HANGING ? "hangs" : "well"}-${n}`;
const names = Array.from({ length: PATHS }, (_, n) => nameOf(n));
const hanging = names.slice(0, HANGING);
const well = names.slice(HANGING);

beforeAll(async () => {
  const behaviours = names.map((name): [string, Behaviour] => [
    `/${name}`,
    name.startsWith("hangs") ? { kind: "hang" } : status(200),
  ]);
  [platform, host] = await Promise.all([
    startPlatform({ dispatcherEnv: { DELIVERY_TIMEOUT: "60s", RETRY_DELAYS: "1h" } }),
    startReceiver(byPath(Object.fromEntries(behaviours))),
  ]);
  for (const agentId of names) {
    const callback_url = host.url(`/${agentId}`);
    await platform.subscribe([{ event_type: "call_completed", callback_url }], { agentId });
  }
});

afterAll(async () => {
  await host.stop(); // so that nothing is waited for
  await platform.stop();
});

/** All requests to the paths that hang. */
const openAt = (): number => hanging.flatMap((name) => host.requestsTo(`/${name}`)).length;

const publish = (agents: readonly string[], each: number, call: string): Promise<unknown> =>
  Promise.all(
    agents.flatMap((agentId) =>
      Array.from({ length: each }, (_, n) =>
        platform.publish({ agentId, callId: `${agentId}-${call}-${n}` }),
      ),
    ),
  );

test("paths that hang hold up no other path of their host", async () => {
  await publish(hanging, EVENTS_EACH, "first");
  await eventually(() => hanging.every((name) => host.requestsTo(`/${name}`).length > 0), {
    what: "every path that hangs has requests",
  });
  await publish(well, 5, "then");
  const arrived = well.map((name) => host.received(5, { path: `/${name}`, timeoutMs: 10_000 }));
  const all = (await Promise.all(arrived)).flat();
  expect(all).toHaveLength(5 * well.length);
  const open = hanging.flatMap((name) => host.requestsTo(`/${name}`));
  expect(open.every(({ closedAtMs }) => closedAtMs === null)).toBe(true);
});

const putOff = async (): Promise<number> => {
  const metrics = await platform.dispatchers[0]?.metrics();
  return metrics?.value("ringback_deferred_total", { reason: "endpoint_busy" }) ?? 0;
};

test("what comes for a path that has hung for a while is put off, and takes no more of its host", async () => {
  const [first = ""] = hanging;
  let calls = 0;
  await eventually(async () => {
    await publish([first], 1, `later-${(calls += 1)}`);
    expect(await putOff()).toBeGreaterThan(0);
  });
  const [open, before] = [openAt(), await putOff()];
  await publish([first], 5, "last");
  await eventually(async () => expect(await putOff()).toBeGreaterThanOrEqual(before + 5));
  expect(openAt()).toBe(open);
});
