import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recordsOf } from "../endpoints/stored-endpoints.ts";
import { eventually } from "../harness/eventually.ts";
import { endpointsKnown } from "../harness/endpoints-known.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { type Script, status } from "../harness/receiver/behaviour.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { LONG_AGO } from "./bulk-scene.ts";
import { call, idOf, type Answered, type PublishedEvent } from "./scene.ts";

failOnLeaks();

let platform: Platform;
let receiver: Receiver;
const scripts = new Map<string, Script>();

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({ dispatcherEnv: { RETRY_DELAYS: "1h" } }),
    startReceiver((request, nth) => scripts.get(request.path)?.(request, nth) ?? status(200)),
  ]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

/** Fails so many times, then succeeds. */
const failing =
  (times: number): Script =>
  (_request, nth) =>
    status(nth <= times ? 500 : 200);

let endpoints = 0;
/** An endpoint for the events of this agent, by its uid; its id. */
const endpoint = async (uid: string, agentId: string, more: object = {}): Promise<string> => {
  const settings = { uid, url: receiver.url(`/${uid}`), agents: [agentId], ...more };
  const { status: code, body } = await call(platform, "POST", "/endpoints", settings);
  expect([code, body]).toEqual([201, body]);
  await endpointsKnown(platform, (endpoints += 1));
  return String(body["endpoint_id"]);
};

const subscribe = (agentId: string): Promise<void> => {
  const callback_url = receiver.url(`/${agentId}`);
  return platform.subscribe([{ event_type: "call_completed", callback_url }], { agentId });
};

/** The outcomes of an event, by its destinations, once there are so many. */
const outcomes = (event: PublishedEvent, n: number): Promise<Record<string, string[]>> =>
  eventually(
    async () => {
      const records = await recordsOf(platform.client, event);
      if (records.length < n) throw new Error(`${records.length} of ${n} records`);
      const byDestination = Map.groupBy(records, ({ uid }) => uid ?? "agent");
      const told = byDestination
        .entries()
        .map(([uid, its]) => [uid, its.map(({ outcome }) => outcome.kind)]);
      return Object.fromEntries(told) as Record<string, string[]>;
    },
    { what: `${n} records` },
  );

const redeliver = async (
  event: PublishedEvent,
  body?: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answered> =>
  call(platform, "POST", `/events/${await idOf(platform, event)}/redeliver`, body, headers);

describe.concurrent("an event with several destinations", () => {
  test("is redelivered where it was not delivered, each in its own way", async () => {
    scripts.set("/x-waits", failing(1)).set("/x-ended", failing(1));
    await subscribe("x");
    const waits = await endpoint("x-waits", "x");
    const ended = await endpoint("x-ended", "x", { delivery: { retry_delays: [] } });
    const event = await platform.publish({ callId: "x", agentId: "x" });
    expect(await outcomes(event, 3)).toEqual({
      agent: ["delivered"],
      "x-waits": ["failed"],
      "x-ended": ["failed"],
    });
    const key = { "idempotency-key": "several" };
    const first = await eventually(
      async () => {
        const answer = await redeliver(event, undefined, key);
        expect(answer.body["deliveries"]).toMatchObject([
          { mode: expect.stringMatching(/^re/) },
          { mode: expect.stringMatching(/^re/) },
        ]);
        return answer;
      },
      { what: "nothing of it is in progress" },
    );
    expect(first.status).toBe(202);
    const { event_id, deliveries, ...more } = first.body;
    expect(event_id).toBe(await idOf(platform, event));
    // What an event with one destination has beside the list would not say which of the two it is.
    expect(more).toEqual({});
    expect(deliveries).toEqual(
      expect.arrayContaining([
        {
          delivery_id: `${event.seq}-${waits}`,
          endpoint_id: waits,
          uid: "x-waits",
          mode: "retry_now",
          attempt: 2,
          attempts_left: 1,
        },
        {
          delivery_id: expect.stringMatching(`^${event.seq}-${ended}-`),
          endpoint_id: ended,
          uid: "x-ended",
          mode: "redelivery",
          attempt: 1,
          attempts_left: null,
        },
      ]),
    );
    expect(await outcomes(event, 5)).toEqual({
      agent: ["delivered"],
      "x-waits": ["failed", "delivered"],
      "x-ended": ["failed", "delivered"],
    });
    const again = await redeliver(event, undefined, key);
    expect([again.status, again.body]).toEqual([202, first.body]);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(await recordsOf(platform.client, event)).toHaveLength(5);
  });

  test("goes to an endpoint that was created later, and chooses no such events, where it is named", async () => {
    await subscribe("y");
    const event = await platform.publish({ callId: "y", agentId: "y" });
    expect(await outcomes(event, 1)).toEqual({ agent: ["delivered"] });
    const later = await endpoint("y-later", "somebody-else", { event_types: ["call_started"] });
    const answer = await redeliver(event, { endpoint_ids: ["y-later", later] });
    const delivery = { mode: "redelivery", attempt: 1, attempts_left: null };
    expect(answer).toMatchObject({
      status: 202,
      body: { ...delivery, deliveries: [{ ...delivery, endpoint_id: later, uid: "y-later" }] },
    });
    expect(await outcomes(event, 2)).toEqual({ agent: ["delivered"], "y-later": ["delivered"] });
    const [, record] = await recordsOf(platform.client, event);
    expect(record).toMatchObject({ trigger: "redelivery", endpoint_id: later });
    // What it went to later is none of its first destinations.
    expect((await redeliver(event)).body["deliveries"]).toMatchObject([{ endpoint_id: null }]);
    expect(await outcomes(event, 3)).toMatchObject({ agent: ["delivered", "delivered"] });
  });

  test("goes to its agent's subscription alone where that is named", async () => {
    await subscribe("z");
    await endpoint("z-other", "z");
    const event = await platform.publish({ callId: "z", agentId: "z" });
    await outcomes(event, 2);
    const answer = await redeliver(event, { agent_subscription: true });
    expect(answer).toMatchObject({
      status: 202,
      body: { delivery_id: expect.stringMatching(`^${event.seq}-[^e]`) },
    });
    expect(await outcomes(event, 3)).toEqual({
      agent: ["delivered", "delivered"],
      "z-other": ["delivered"],
    });
  });
});

test("a job sends an event where its status holds, and nowhere else", async () => {
  scripts.set("/j-down", failing(1));
  await subscribe("j");
  const down = await endpoint("j-down", "j", { delivery: { retry_delays: [] } });
  const event = await platform.publish({ callId: "j", agentId: "j" });
  expect(await outcomes(event, 2)).toEqual({ agent: ["delivered"], "j-down": ["failed"] });
  const asked = { agent_id: "j", since: LONG_AGO, status: "undelivered" };
  const created = await call(platform, "POST", "/redeliveries", asked);
  expect(created.status).toBe(202);
  expect(await outcomes(event, 3)).toEqual({
    agent: ["delivered"],
    "j-down": ["failed", "delivered"],
  });
  const path = `/redeliveries/${String(created.body["redelivery_id"])}`;
  await eventually(
    async () => {
      const counts = { found: 1, sent: 1, skipped: 0, delivered: 1 };
      expect((await call(platform, "GET", path)).body).toMatchObject({ state: "done", ...counts });
      return true;
    },
    { what: "the job has counted it" },
  );
  const records = await recordsOf(platform.client, event);
  expect(records.at(-1)).toMatchObject({
    endpoint_id: down,
    redelivery_id: created.body["redelivery_id"],
  });
});

describe("a redelivery that names endpoints is refused, and starts nothing,", () => {
  let event: PublishedEvent;
  beforeAll(async () => {
    await subscribe("r");
    await endpoint("r-off", "nobody");
    await call(platform, "POST", "/endpoints/r-off/disable");
    event = await platform.publish({ callId: "r", agentId: "r" });
    await outcomes(event, 1);
  });

  test.each<[string, object, number, object]>([
    [
      "where one is not there",
      { endpoint_ids: ["nobody"], agent_subscription: true },
      404,
      { code: "endpoint_not_found", detail: expect.stringContaining('"nobody"') },
    ],
    [
      "where one is disabled",
      { endpoint_ids: ["r-off"], agent_subscription: true },
      409,
      { code: "endpoint_disabled", detail: expect.stringContaining('"r-off"') },
    ],
    ["where the list is empty", { endpoint_ids: [] }, 422, { code: "validation_failed" }],
    [
      "where there are too many",
      { endpoint_ids: Array.from({ length: 51 }, (_, n) => `e${n}`) },
      422,
      { errors: [{ path: "endpoint_ids", message: "must not name more than 50 endpoints" }] },
    ],
    ["where one is no text", { endpoint_ids: [null] }, 422, { code: "validation_failed" }],
  ])("%s", async (_what, body, code, problem) => {
    expect(await redeliver(event, body)).toMatchObject({ status: code, body: problem });
    expect(await recordsOf(platform.client, event)).toHaveLength(1);
  });
});
