import { createdAt } from "@ringback/contracts/streams/stream-origin";
import { endpointIdOfUid } from "@ringback/contracts/endpoints/endpoint-id";
import { eventId as eventIdOf } from "@ringback/contracts/events/event-id";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { endpointId } from "../harness/fixtures/endpoints.ts";
import { endpointsKnown } from "../harness/endpoints-known.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { byPath, status } from "../harness/receiver/behaviour.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { jsonLines, ringback } from "../cli/run-ringback.ts";
import { storeEndpoint } from "./stored-endpoints.ts";

failOnLeaks();

let platform: Platform;
let receiver: Receiver;
let eventId: string;
let seq: number;

/** It follows from its uid, and comes after the others. */
const DELIVERED = endpointIdOfUid("w1", "crm");
const RETRYING = endpointId(2);
const CANCELLED = endpointId(3);
const FILTERING = endpointId(4);
const DISABLED = endpointId(5);

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({ env: { RETRY_DELAYS: "100ms" } }),
    startReceiver(
      byPath({
        "/agent": status(500),
        "/delivered": status(200),
        "/retrying": status(503),
        "/cancelled": status(503),
      }),
    ),
  ]);
  await platform.subscribe([
    { event_type: "call_completed", callback_url: receiver.url("/agent") },
  ]);
  const { client } = platform;
  const later = { delivery: { retry_delays: ["1h"] } };
  const gone = { url: receiver.url("/cancelled"), delivery: { retry_delays: ["1s"] } };
  await storeEndpoint(client, DELIVERED, { url: receiver.url("/delivered?k=1"), uid: "crm" });
  await storeEndpoint(client, RETRYING, { url: receiver.url("/retrying"), ...later });
  await storeEndpoint(client, CANCELLED, gone);
  await storeEndpoint(client, FILTERING, { filter: '{"data":{"call_duration":{"$gt":1000000}}}' });
  await storeEndpoint(client, DISABLED, { switch: "disabled" });
  await endpointsKnown(platform, 5);
  const published = await platform.publish({ callId: "four" });
  await receiver.received(1, { path: "/cancelled" });
  await storeEndpoint(client, CANCELLED, null);
  ({ seq } = published);
  const { created } = await client.jsm.streams.info("EVENTS");
  eventId = eventIdOf(createdAt(Date.parse(created)), seq);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

type Body = Readonly<Record<string, unknown>>;

const get = async (path: string): Promise<Body> => {
  const { status: code, body } = await platform.api("GET", path);
  expect([path, code]).toEqual([path, 200]);
  return body as Body;
};

const rows = (body: Body, name: string): Body[] => body[name] as Body[];

/** As soon as every destination is where it stays. */
const settledEvent = (): Promise<Body> =>
  eventually(
    async () => {
      const event = await get(`/events/${eventId}`);
      const statuses = rows(event, "deliveries").map((one) => one["status"]);
      expect(statuses).toEqual(["dead_lettered", "retrying", "cancelled", "delivered"]);
      return event;
    },
    { timeoutMs: 10_000 },
  );

test("an event with four destinations shows what became of each, and the worst of it", async () => {
  const event = await settledEvent();
  expect(event).toMatchObject({
    status: "dead_lettered",
    attempt_count: 6,
    dead_letter: { reason: "exhausted" },
    deliveries: [
      {
        delivery_id: String(seq),
        endpoint_id: null,
        attempts: 2,
        last_status_code: 500,
        destination: receiver.url("/agent"),
        next_attempt_at: null,
      },
      {
        endpoint_id: RETRYING,
        attempts: 1,
        last_status_code: 503,
        next_attempt_at: event["next_attempt_at"],
      },
      { endpoint_id: CANCELLED, attempts: 2, last_status_code: null, next_attempt_at: null },
      {
        delivery_id: `${seq}-${DELIVERED}`,
        endpoint_id: DELIVERED,
        uid: "crm",
        attempts: 1,
        last_status_code: 200,
        destination: receiver.url("/delivered"),
      },
    ],
  });
  expect(event["skipped"]).toEqual([
    { endpoint_id: FILTERING, by: "filter" },
    { endpoint_id: DISABLED, by: "disabled" },
  ]);
  expect(event["dead_letter"]).not.toHaveProperty("endpoint_id");
  const waitMs = Date.parse(String(event["next_attempt_at"])) - Date.now();
  expect(waitMs).toBeGreaterThan(3_000_000);
  const [ofCall] = rows(await get("/calls/four/events"), "events");
  expect(ofCall).toMatchObject({
    status: "dead_lettered",
    deliveries: event["deliveries"],
    attempt_count: 6,
  });
  const attempts = rows(await get(`/events/${eventId}/attempts`), "attempts");
  const byEndpoint = Map.groupBy(attempts, (one) => one["endpoint_id"]);
  const counts = [undefined, DELIVERED, RETRYING, CANCELLED].map(
    (id) => byEndpoint.get(id)?.length,
  );
  expect(counts).toEqual([2, 1, 1, 2]);
  expect(byEndpoint.get(DELIVERED)).toMatchObject([{ uid: "crm" }]);
});

/** A list, once the index has all that is stored. */
const list = (path: string, name: string): Promise<Body[]> =>
  eventually(async () => {
    const body = await get(path);
    if (body["projection_lag"] !== 0) throw new Error(JSON.stringify(body));
    return rows(body, name);
  });

const without = (row: Body, ...fields: readonly string[]): Body =>
  Object.fromEntries(Object.entries(row).filter(([name]) => !fields.includes(name)));

const STATUSES = [
  ["dead_lettered", null],
  ["delivered", DELIVERED],
  ["retrying", RETRYING],
  ["cancelled", CANCELLED],
] as const;

test("lists have each of the four deliveries, and find the event by any of their statuses", async () => {
  const event = await settledEvent();
  const deliveries = await list("/deliveries?call_id=four", "deliveries");
  const ofEvent = rows(event, "deliveries");
  const head = { event_id: eventId, call_id: "four", agent_id: "a1", trigger: "event" };
  const byId = deliveries.toSorted((a, b) =>
    String(a["delivery_id"]) < String(b["delivery_id"]) ? -1 : 1,
  );
  expect(byId).toMatchObject(
    // The schedule's time may be later than the record's; a list has no dead letters.
    ofEvent.map((one) => ({ ...head, ...without(one, "next_attempt_at", "dead_letter") })),
  );
  for (const [wanted, endpoint] of STATUSES) {
    const [found, ...others] = await list(`/events?status=${wanted}`, "events");
    expect([wanted, found?.["event_id"], others]).toEqual([wanted, eventId, []]);
    expect(found).toMatchObject({ status: "dead_lettered", attempt_count: 6 });
    const having = await list(`/deliveries?status=${wanted}`, "deliveries");
    expect(having).toMatchObject([{ status: wanted, endpoint_id: endpoint }]);
    if (endpoint === null) continue;
    for (const other of ["delivered", "retrying", "cancelled"]) {
      const path = `/events?status=${other}&endpoint_id=${endpoint}&agent_id=a1`;
      expect(await list(path, "events")).toHaveLength(other === wanted ? 1 : 0);
    }
  }
  expect(await list("/events?status=pending", "events")).toEqual([]);
});

test("what went to one endpoint is found by its id and its uid", async () => {
  await settledEvent();
  for (const named of [DELIVERED, "crm"]) {
    const attempts = await list(`/attempts?endpoint_id=${named}`, "attempts");
    expect(attempts).toMatchObject([{ endpoint_id: DELIVERED, uid: "crm", event_id: eventId }]);
  }
  expect(await list(`/endpoints/${RETRYING}/attempts?outcome=failed`, "attempts")).toHaveLength(1);
  expect(await list(`/dead-letters?endpoint_id=${RETRYING}`, "dead_letters")).toEqual([]);
  expect(
    await list(`/attempts?endpoint_id=${CANCELLED}&outcome=cancelled`, "attempts"),
  ).toHaveLength(1);
  expect(await get(`/endpoints/${RETRYING}/stats`)).toMatchObject({
    endpoint_id: RETRYING,
    attempts: { delivered: 0, failed: 1, failed_by_reason: { status: 1 } },
    oldest_waiting: { endpoint_id: RETRYING, status: "retrying", event_id: eventId },
  });
  expect(await get(`/endpoints/${DELIVERED}/stats`)).toMatchObject({
    attempts: { delivered: 1, failed: 0 },
    oldest_waiting: null,
  });
  // It was deleted.
  for (const path of ["attempts", "stats"]) {
    const { status: code, body } = await platform.api("GET", `/endpoints/${CANCELLED}/${path}`);
    expect([code, (body as Body)["code"]]).toEqual([404, "endpoint_not_found"]);
  }
});

const run = (...args: string[]) =>
  ringback(args, {
    RINGBACK_API_URL: platform.subscriptions.httpUrl(),
    RINGBACK_API_KEY: platform.apiKeys[0] ?? "",
  });

test("the command line shows each destination of an event, and narrows lists to one", async () => {
  await settledEvent();
  const { stdout } = await run("events", eventId);
  expect(stdout).toMatch(/^agent +dead_lettered +2 /m);
  expect(stdout).toMatch(/^crm +delivered +1 /m);
  expect(stdout).toMatch(new RegExp(`^${RETRYING} +retrying +1 `, "m"));
  expect(stdout).toContain(`${FILTERING}, by filter`);
  const attempts = jsonLines((await run("attempts", "--endpoint", "crm", "--json")).stdout);
  expect(attempts).toMatchObject([{ endpoint_id: DELIVERED }]);
});
