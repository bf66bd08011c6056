import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { DeliveryPolicy } from "@ringback/contracts/agents/delivery-policy";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Behaviour, inTurn, type Script, status } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { ended, newAgentId, story, type PublishedEvent } from "./deliveries.ts";

failOnLeaks();

const OPERATORS_DELAY_MS = 300;
const TEN_MINUTES_MS = 600_000;

let platform: Platform;
let receiver: Receiver;
const scripts = new Map<string, Script>();

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({
      dispatcherEnv: { RETRY_DELAYS: `${OPERATORS_DELAY_MS}ms`, DELIVERY_TIMEOUT: "5s" },
    }),
    startReceiver((request, nth) => {
      const script = scripts.get(request.path);
      return script === undefined ? status(200) : script(request, nth);
    }),
  ]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

type Told = { readonly agentId: string; readonly url: string; readonly event: PublishedEvent };

const setPolicy = (agentId: string, url: string, delivery?: DeliveryPolicy): Promise<void> => {
  const subscription = { event_type: "call_completed" as const, callback_url: url };
  const set = delivery === undefined ? subscription : { ...subscription, delivery };
  return platform.subscribe([set], { agentId });
};

/** Subscribes a new agent with this policy at an endpoint that does this, and publishes one event. */
const deliverWith = async (
  delivery: DeliveryPolicy | undefined,
  act: Behaviour | Script,
): Promise<Told> => {
  const agentId = newAgentId();
  scripts.set(`/${agentId}`, typeof act === "function" ? act : () => act);
  const url = receiver.url(`/${agentId}`);
  await setPolicy(agentId, url, delivery);
  return { agentId, url, event: await platform.publish({ agentId, callId: `c-${agentId}` }) };
};

/** The record's start is in whole milliseconds of one clock, its duration of another. */
const ROUNDED_MS = 2;

/** From the failure of an attempt to the next one, as recorded. */
const waitMs = ({ at, duration_ms, next }: AttemptRecord): number =>
  next.kind === "retry" ? Date.parse(next.at) - Date.parse(at) - duration_ms : Number.NaN;

/** The wait after the first attempt, which has to fail. */
const firstWaitMs = async ({ event }: Told): Promise<number> => {
  const [first] = await platform.attempted(event, 1);
  return first === undefined ? Number.NaN : waitMs(first);
};

describe("what a subscription sets counts for its deliveries, and the operator's settings for others", () => {
  test.concurrent("timeout", async () => {
    const late: Behaviour = { kind: "late_status", status: 200, afterMs: 3_000 };
    const own = await deliverWith({ timeout: "1s", retry_delays: [] }, late);
    const other = await deliverWith(undefined, late);
    const [attempt] = await ended(platform, own.event);
    expect(attempt?.outcome).toMatchObject({ kind: "failed", reason: "timeout" });
    expect(attempt?.duration_ms).toBeGreaterThanOrEqual(1_000);
    expect(attempt?.duration_ms).toBeLessThan(3_000);
    expect(story(await ended(platform, other.event))).toEqual(["1: delivered 200, done"]);
  });

  test.concurrent("retry_delays, the dead letter comes after its own last delay", async () => {
    const own = await deliverWith({ retry_delays: ["1s", "1500ms"] }, status(500));
    const other = await deliverWith(undefined, status(500));
    const records = await ended(platform, own.event);
    const failed = [1, 2, 3].map((n) => `${n}: status 500, ${n === 3 ? "dead_letter" : "retry"}`);
    expect(story(records)).toEqual(failed);
    for (const [n, delayMs] of [1_000, 1_500].entries()) {
      const [record] = records.slice(n);
      const wait = record === undefined ? Number.NaN : waitMs(record);
      expect(wait).toBeGreaterThanOrEqual(delayMs - ROUNDED_MS);
      expect(wait).toBeLessThan(delayMs * 1.1 + 200); // with its jitter
    }
    const [first, second] = receiver.requestsTo(`/${own.agentId}`);
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(1_000);
    await eventually(async () => {
      const letters = await platform.deadLetters();
      expect(letters.filter(({ event_seq }) => event_seq === own.event.seq)).toMatchObject([
        { reason: "exhausted", last_attempt: { attempt: 3 } },
      ]);
    });
    expect(await ended(platform, other.event)).toHaveLength(2);
  });

  test.concurrent("no retry_delays at all: one attempt", async () => {
    const { event } = await deliverWith({ retry_delays: [] }, status(500));
    expect(story(await ended(platform, event))).toEqual(["1: status 500, dead_letter"]);
  });

  test.concurrent("success_status", async () => {
    const own = await deliverWith({ success_status: "202,404" }, status(404));
    const other = await deliverWith(undefined, inTurn(status(404), status(200)));
    expect(story(await ended(platform, own.event))).toEqual(["1: delivered 404, done"]);
    const others = ["1: status 404, retry", "2: delivered 200, done"];
    expect(story(await ended(platform, other.event))).toEqual(others);
  });

  test.concurrent("max_in_flight and rate_limit are stored and shown", async () => {
    const delivery = { max_in_flight: 2, rate_limit: { per_second: 50, burst: 5 } };
    const { agentId, event } = await deliverWith(delivery, status(200));
    expect(story(await ended(platform, event))).toEqual(["1: delivered 200, done"]);
    const { body } = await platform.api("GET", `/agent/v1/${agentId}`);
    expect(body).toMatchObject({ event_subscriptions: [{ delivery }] });
  });
});

test.concurrent(
  "an edit between attempts counts from the next attempt on; without a policy the operator's settings are back",
  async () => {
    const { agentId, url, event } = await deliverWith({ retry_delays: ["1s", "24h"] }, status(500));
    await platform.attempted(event, 1);
    await setPolicy(agentId, url);
    expect(story(await ended(platform, event))).toEqual([
      "1: status 500, retry",
      "2: status 500, dead_letter",
    ]);
  },
);

/** Asks the first request to come back later, and takes the second. */
const asking =
  (code: number, text: () => string): Script =>
  (_request, nth) =>
    nth === 1 ? status(code, { headers: { "retry-after": text() } }) : status(200);

const inSeconds = (): string => "2";
const asDate = (): string => new Date(Date.now() + 4_000).toUTCString();

/** `Sunday, 06-Nov-94 08:49:37 GMT`: the form of RFC 850, which recipients have to understand. */
const asOldDate = (): string => {
  const at = new Date(Date.now() + 4_000);
  const weekday = at.toLocaleDateString("en-US", { weekday: "long", timeZone: "UTC" });
  const [, day, month, year, time] = at.toUTCString().split(" ");
  return `${weekday}, ${day}-${month}-${year?.slice(-2)} ${time} GMT`;
};

const asPastDate = (): string => new Date(Date.now() - 60_000).toUTCString();

describe("Retry-After", () => {
  test.concurrent.each<[string, number, () => string]>([
    ["seconds, of a 429", 429, inSeconds],
    ["a date, of a 503", 503, asDate],
    ["a date of an obsolete form, of a 429", 429, asOldDate],
  ])("in %s, is waited for", async (_what, code, text) => {
    const told = await deliverWith(undefined, asking(code, text));
    expect(await firstWaitMs(told)).toBeGreaterThan(1_900);
    const all = await ended(platform, told.event);
    expect(story(all)).toEqual([`1: status ${code}, retry`, "2: delivered 200, done"]);
    const [first, second] = receiver.requestsTo(`/${told.agentId}`);
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(2_000);
    expect(all[0]?.response?.headers).toMatchObject({ "retry-after": expect.any(String) });
  });

  test.concurrent.each<[string, DeliveryPolicy | undefined, number, string]>([
    ["of a subscription that ignores it", { retry_after: "ignore" }, 503, "60"],
    ["of another status", undefined, 500, "60"],
    ["that nobody understands", undefined, 503, "in a minute"],
    ["of less than nothing", undefined, 429, "-60"],
    ["that lies in the past", undefined, 503, asPastDate()],
    ["that is shorter than the delay", undefined, 503, "0"],
  ])("%s changes nothing", async (_what, policy, code, text) => {
    const told = await deliverWith(
      policy,
      asking(code, () => text),
    );
    const wait = await firstWaitMs(told);
    expect(wait).toBeGreaterThanOrEqual(OPERATORS_DELAY_MS - ROUNDED_MS);
    expect(wait).toBeLessThan(10_000);
    await ended(platform, told.event);
  });

  test.concurrent("of a day lengthens the delay to ten minutes", async () => {
    const wait = await firstWaitMs(
      await deliverWith(
        undefined,
        asking(503, () => "86400"),
      ),
    );
    expect(wait).toBeGreaterThanOrEqual(TEN_MINUTES_MS - ROUNDED_MS);
    expect(wait).toBeLessThan(TEN_MINUTES_MS * 1.1 + 1_000);
  });
});
