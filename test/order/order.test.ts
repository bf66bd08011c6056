import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { headers as natsHeaders } from "@nats-io/nats-core";
import { retryHeaders } from "@ringback/contracts/deliveries/retry-message";
import { eventSubject } from "@ringback/contracts/streams/subjects";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { status, type Script } from "../harness/receiver/behaviour.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { recordsOf, storeEndpoint } from "../endpoints/stored-endpoints.ts";
import { endpointId } from "../harness/fixtures/endpoints.ts";
import {
  arrivals,
  isOfCall,
  onceEach,
  ORDER,
  publishCall,
  subjectsOf,
  TYPES,
  type Published,
} from "./call-scene.ts";

failOnLeaks();

let platform: Platform;
let receiver: Receiver;
const scripts = new Map<string, Script>();

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({
      dispatcherEnv: { RETRY_DELAYS: "400ms,400ms", RETRY_JITTER: "0", DELIVERY_TIMEOUT: "5s" },
      dispatchers: 2,
    }),
    startReceiver((request, nth) => scripts.get(request.path)?.(request, nth) ?? status(200)),
  ]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

/** A path and an endpoint of its own for a test; its agent gets nothing else. */
let count = 0;
const scene = async (more: Parameters<typeof storeEndpoint>[2] = {}, script?: Script) => {
  count += 1;
  const path = `/to-${count}`;
  const agentId = `agent-${count}`;
  const id = endpointId(count);
  if (script !== undefined) scripts.set(path, script);
  await storeEndpoint(platform.client, id, {
    url: receiver.url(path),
    agents: [agentId],
    order: ORDER,
    ...more,
  });
  return { path, agentId, id };
};

const failing =
  (type: string, times: number): Script =>
  ({ headers }) => {
    const isOf = headers["ringback-event-type"] === type;
    return status(isOf && Number(headers["ringback-attempt"]) <= times ? 503 : 200);
  };

const all = status(503);

const atMs = (path: string, type: string): number => {
  const request = receiver
    .requestsTo(path)
    .find(({ headers }) => headers["ringback-event-type"] === type);
  if (request === undefined) throw new Error(`no ${type} at ${path}`);
  return request.atMs;
};

const received = (path: string, n: number): Promise<unknown> =>
  receiver.received(n, { path, timeoutMs: 15_000 });

/** Waits until so many deliveries of these events are put off until their turn. */
const areWaiting = (events: readonly Published[], n: number): Promise<unknown> =>
  eventually(async () => {
    const names = await subjectsOf(platform.client, "RETRIES", "retries.scheduled.>");
    const waiting = events.filter(({ seq }) =>
      names.some((name) => name.split(".").at(-1)?.split("-")[0] === String(seq)),
    );
    expect(waiting.length).toBeGreaterThanOrEqual(n);
  });

const metric = async (name: string, labels: Record<string, string> = {}): Promise<number> => {
  const pages = await Promise.all(platform.dispatchers.map((dispatcher) => dispatcher.metrics()));
  return pages.reduce((sum, page) => sum + (page.value(name, labels) ?? 0), 0);
};

/** Less than the first wait for a schedule: what comes within it was woken. */
const SOON_MS = 900;

describe("with `wait`", () => {
  test("six events of a call published at once arrive in their order, each once, though the first is tried three times", async () => {
    const { path, agentId } = await scene({}, failing("call_started", 2));
    const events = await publishCall(platform, "six", { agentId });
    await received(path, 8);
    expect(arrivals(receiver, path, events)).toEqual([
      "call_started 1",
      "call_started 2",
      "call_started 3",
      ...onceEach(TYPES.slice(1)),
    ]);
    const lastMs = atMs(path, "all_processing_completed");
    const thirdMs = receiver.requestsTo(path)[2]?.atMs ?? 0;
    expect(lastMs - thirdMs).toBeLessThan(SOON_MS); // each was woken by the one before
    expect(await metric("ringback_deferred_total", { reason: "order" })).toBeGreaterThan(4);
    expect(await metric("ringback_order_given_up_total")).toBe(0);
    const records = await Promise.all(events.map((event) => recordsOf(platform.client, event)));
    expect(records.flat().map(({ attempt }) => attempt)).toEqual([1, 2, 3, 1, 1, 1, 1, 1]);
    expect(records.flat().filter((record) => record.out_of_turn === true)).toEqual([]);
  });

  test("each event is woken by the end of the one before, long before it would come back by itself", async () => {
    const slow = { kind: "late_status", status: 200, afterMs: 4_000 } as const;
    const { path, agentId } = await scene({}, ({ headers }) =>
      headers["ringback-event-type"] === "call_started" ? slow : status(200),
    );
    // By the end of the first, the others have looked twice, and come back 7 s after they were published.
    const events = await publishCall(platform, "woken", { agentId });
    await received(path, TYPES.length);
    expect(arrivals(receiver, path, events)).toEqual(onceEach());
    const endedMs = atMs(path, "call_started") + slow.afterMs;
    expect(atMs(path, "all_processing_completed") - endedMs).toBeLessThan(2_000);
  });

  test("neither other calls nor other destinations are delayed", async () => {
    const { path, agentId } = await scene({}, (request) =>
      isOfCall(request, stuck) ? { kind: "hang" } : status(200),
    );
    const unordered = `${path}/unordered`;
    await storeEndpoint(platform.client, endpointId(500), {
      url: receiver.url(unordered),
      agents: [agentId],
    });
    const second = `${path}/second`;
    await storeEndpoint(platform.client, endpointId(501), {
      url: receiver.url(second),
      agents: [agentId],
      order: ORDER,
    });
    const stuck = await publishCall(platform, "stuck", { agentId });
    const others = await Promise.all(
      Array.from({ length: 5 }, (_, n) => publishCall(platform, `free-${n}`, { agentId })),
    );
    for (const other of others) {
      await eventually(() => expect(arrivals(receiver, path, other)).toEqual(onceEach(TYPES)));
    }
    await received(unordered, 6 * TYPES.length);
    await received(second, 6 * TYPES.length);
    expect(arrivals(receiver, second, stuck)).toEqual(onceEach(TYPES));
    expect(arrivals(receiver, path, stuck)).toEqual(["call_started 1"]);
  });

  test("an earlier event of a type that does not go there is not waited for", async () => {
    const { path, agentId } = await scene({ event_types: ["*_completed"] });
    const events = await publishCall(platform, "chosen", { agentId });
    await received(path, TYPES.length - 1);
    const chosen = TYPES.filter((type) => type.endsWith("_completed"));
    expect(arrivals(receiver, path, events)).toEqual(onceEach(chosen));
  });

  test("an earlier event that the filter leaves out is not waited for, also while it is not handled yet", async () => {
    const filter = JSON.stringify({ data: { priority: "high" } });
    const { path, agentId } = await scene({ filter });
    const at = { callId: "filtered", agentId };
    const body = { event_type: "call_started", call_id: at.callId, priority: "low" };
    const low = await platform.publish({ ...at, eventType: "call_started", body });
    const startedMs = Date.now();
    const high = await platform.publish({
      ...at,
      body: { ...body, event_type: "call_completed", priority: "high" },
    });
    await received(path, 1);
    expect(arrivals(receiver, path, [low, high])).toEqual(["call_completed 1"]);
    expect(atMs(path, "call_completed") - startedMs).toBeLessThan(SOON_MS);
  });

  test("an event that is given up lets the next one go at once", async () => {
    const { path, agentId } = await scene({}, failing("call_started", 9));
    const events = await publishCall(platform, "given-up", { agentId });
    await received(path, 3 + TYPES.length - 1);
    expect(arrivals(receiver, path, events).slice(0, 4)).toEqual([
      "call_started 1",
      "call_started 2",
      "call_started 3",
      "call_completed 1",
    ]);
    const thirdMs = receiver.requestsTo(path)[2]?.atMs ?? 0;
    expect(atMs(path, "call_completed") - thirdMs).toBeLessThan(SOON_MS);
  });

  test("an event that is invalid, or that EVENTS has no more, lets the next one go", async () => {
    const { path, agentId } = await scene({}, failing("call_started", 9));
    const at = { callId: "gone", agentId };
    const expired = await platform.publish({ ...at, eventType: "call_started" });
    const invalid = { ...expired.address, eventType: "recording_completed" };
    await platform.client.js.publish(eventSubject(invalid), "no JSON");
    const last = await platform.publish(at);
    await received(path, 1);
    await areWaiting([last], 1);
    await platform.client.jsm.streams.deleteMessage("EVENTS", expired.seq);
    await eventually(() => expect(arrivals(receiver, path, [last])).toEqual(["call_completed 1"]), {
      timeoutMs: 15_000,
    });
    expect(arrivals(receiver, path, [expired])).not.toContain("call_started 3");
  });

  test("a delivery that has waited for `max_wait` goes on without its turn, and its record says so", async () => {
    const { path, agentId } = await scene({ order: { ...ORDER, max_wait: "2s" } }, () => ({
      kind: "hang",
    }));
    const before = await metric("ringback_order_given_up_total");
    const at = { callId: "max-wait", agentId };
    const first = await platform.publish({ ...at, eventType: "call_started" });
    const second = await platform.publish(at);
    await received(path, 2);
    expect(arrivals(receiver, path, [first, second])).toEqual([
      "call_started 1",
      "call_completed 1",
    ]);
    const waitedMs = atMs(path, "call_completed") - atMs(path, "call_started");
    expect(waitedMs).toBeGreaterThan(1_900);
    const [record] = await eventually(
      async () => {
        const records = await recordsOf(platform.client, second);
        return records.length > 0 && records;
      },
      { timeoutMs: 15_000 },
    );
    expect(record).toMatchObject({ attempt: 1, out_of_turn: true });
    expect(await metric("ringback_order_given_up_total")).toBeGreaterThan(before);
  });

  test("an endpoint that is deleted meanwhile gets nothing more; what waited for it is cancelled", async () => {
    const { path, agentId, id } = await scene({}, () => all);
    const events = await publishCall(platform, "deleted", { agentId });
    await received(path, 1);
    await areWaiting(events.slice(1), TYPES.length - 1);
    await storeEndpoint(platform.client, id, null);
    await eventually(
      async () => {
        const records = await Promise.all(events.map((one) => recordsOf(platform.client, one)));
        expect(records.map((chain) => chain.at(-1)?.outcome.kind)).toEqual(
          TYPES.map(() => "cancelled"),
        );
      },
      { timeoutMs: 20_000 },
    );
  });

  test("order that is switched off lets all go, and switched on again keeps the later ones", async () => {
    const { path, agentId, id } = await scene({}, failing("call_started", 9));
    const endpoint = { url: receiver.url(path), agents: [agentId] };
    const at = { callId: "switched", agentId };
    const first = await platform.publish({ ...at, eventType: "call_started" });
    const second = await platform.publish(at);
    await areWaiting([first, second], 2);
    await storeEndpoint(platform.client, id, endpoint);
    await eventually(() => expect(arrivals(receiver, path, [second])).toHaveLength(1), {
      timeoutMs: 15_000,
    });
    await storeEndpoint(platform.client, id, { ...endpoint, order: ORDER });
    const later = await publishCall(platform, "switched-on", { agentId });
    await eventually(
      () => expect(arrivals(receiver, path, later).slice(3)).toEqual(onceEach(TYPES.slice(1))),
      { timeoutMs: 15_000 },
    );
  });

  test("a redelivery waits for nobody", async () => {
    const { path, agentId } = await scene({}, failing("call_started", 9));
    const at = { callId: "asked-for", agentId };
    const first = await platform.publish({ ...at, eventType: "call_started", retryCount: 1 });
    const second = await platform.publish(at);
    await areWaiting([second], 1);
    expect(arrivals(receiver, path, [second])).toEqual([]);
    const due = `retries.due.w1.${agentId}.${second.seq}-${endpointId(count)}-again`;
    const retry = retryHeaders({
      address: second.address,
      eventSeq: second.seq,
      deliveryId: `${second.seq}-${endpointId(count)}-again`,
      attempt: 1,
      dueMs: Date.now(),
      deferrals: 0,
      trigger: "redelivery",
    });
    const headers = natsHeaders();
    for (const [name, value] of retry) headers.set(name, value);
    await platform.client.js.publish(due, "", { headers });
    await eventually(() => expect(arrivals(receiver, path, [second])).toHaveLength(1));
    expect(arrivals(receiver, path, [first]).length).toBeLessThan(3);
  });
});

describe("with `skip`", () => {
  test("an event waits while an earlier one is attempted, and not while that waits for its retry", async () => {
    const order = { ...ORDER, on_failure: "skip" as const };
    const { path, agentId } = await scene({ order }, ({ headers }) =>
      headers["ringback-event-type"] === "call_started" && headers["ringback-attempt"] !== "3"
        ? { kind: "late_status", status: 503, afterMs: 300 }
        : status(200),
    );
    const events = await publishCall(platform, "skip", { agentId });
    await received(path, 8);
    const got = arrivals(receiver, path, events);
    expect(got[0]).toBe("call_started 1");
    expect(got.filter((one) => !one.startsWith("call_started"))).toEqual(onceEach(TYPES.slice(1)));
    expect(got.indexOf("call_completed 1")).toBeLessThan(got.indexOf("call_started 2"));
    expect(atMs(path, "call_completed") - atMs(path, "call_started")).toBeGreaterThanOrEqual(290);
  });
});
