import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DeliveryPolicy } from "@ringback/contracts/agents/delivery-policy";
import { settled } from "../harness/settled.ts";
import type { Script } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { mostOpenAtOnce } from "./open-at-once.ts";

failOnLeaks();

const MAX_IN_FLIGHT = 2;
const OPEN_MS = 100;

const LIMITED_EVENTS = 24;
const FREE_EVENTS = 12;

const slow: Script = () => ({ kind: "late_status", status: 200, afterMs: OPEN_MS });

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({ dispatcherEnv: { RETRY_DELAYS: "1h" } }),
    startReceiver(slow),
  ]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

/** An agent whose events go to a path of its own at the one endpoint. */
const subscribe = (agentId: string, delivery: DeliveryPolicy): Promise<void> => {
  const callback_url = receiver.url(`/${agentId}`);
  return platform.subscribe([{ event_type: "call_completed", callback_url, delivery }], {
    agentId,
  });
};

const publish = (agentId: string, events: number): Promise<unknown> => {
  const calls = Array.from({ length: events }, (_, n) => ({ agentId, callId: `${agentId}-${n}` }));
  return Promise.all(calls.map((call) => platform.publish(call)));
};

const allDelivered = () => settled(platform.client, { timeoutMs: 30_000 });

describe("a subscription's max_in_flight", () => {
  test("is kept, and holds up no other subscription at the same endpoint", async () => {
    await subscribe("limited", { max_in_flight: MAX_IN_FLIGHT });
    await subscribe("free", {});
    await publish("limited", LIMITED_EVENTS);
    await receiver.received(1, { path: "/limited" });
    await publish("free", FREE_EVENTS);
    await receiver.received(FREE_EVENTS, { path: "/free" });
    expect(receiver.requestsTo("/limited").length).toBeLessThan(LIMITED_EVENTS / 2);
    await allDelivered();
    const limited = receiver.requestsTo("/limited");
    expect([limited.length, mostOpenAtOnce(limited)]).toEqual([LIMITED_EVENTS, MAX_IN_FLIGHT]);
    expect(mostOpenAtOnce(receiver.requestsTo("/free"))).toBeGreaterThan(MAX_IN_FLIGHT);
  });

  test("is kept by two dispatchers together", async () => {
    platform.dispatchers.push(await platform.startDispatcher());
    await eventually(async () => {
      const all = await Promise.all(platform.dispatchers.map((one) => one.metrics()));
      return all.every((metrics) => metrics.value("ringback_dispatchers") === 2);
    });
    await subscribe("shared", { max_in_flight: MAX_IN_FLIGHT });
    await publish("shared", LIMITED_EVENTS);
    await receiver.received(LIMITED_EVENTS, { path: "/shared" });
    await allDelivered();
    const shared = receiver.requestsTo("/shared");
    expect([shared.length, mostOpenAtOnce(shared)]).toEqual([LIMITED_EVENTS, MAX_IN_FLIGHT]);
  });
});

test("a delivery that its subscription's rate_limit puts off is counted, and is still to make its first attempt", async () => {
  const events = 8;
  await subscribe("rated", { rate_limit: { per_second: 4, burst: 1 } });
  await publish("rated", events);
  await receiver.received(events, { path: "/rated" });
  await allDelivered();
  const attempts = receiver
    .requestsTo("/rated")
    .map(({ headers }) => [headers["webhook-id"], headers["ringback-attempt"]]);
  expect(new Map(attempts as [string, string][]).size).toBe(events);
  expect(attempts.map(([, attempt]) => attempt)).toEqual(Array(events).fill("1"));
  const all = await Promise.all(platform.dispatchers.map((one) => one.metrics()));
  const deferred = all.map((metrics) =>
    metrics.value("ringback_deferred_total", { reason: "rate_limited" }),
  );
  expect(deferred.reduce((sum: number, n) => sum + (n ?? 0), 0)).toBeGreaterThanOrEqual(events - 2);
});
