import { eventId as eventIdOf } from "@ringback/contracts/events/event-id";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { endpointId } from "../harness/fixtures/endpoints.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { byPath, status } from "../harness/receiver/behaviour.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { storeEndpoint } from "./stored-endpoints.ts";

failOnLeaks();

let platform: Platform;
let receiver: Receiver;
let eventId: string;
let seq: number;

const DELIVERED = endpointId(1);
const RETRYING = endpointId(2);
const CANCELLED = endpointId(3);

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
  const published = await platform.publish({ callId: "four" });
  await receiver.received(1, { path: "/cancelled" });
  await storeEndpoint(client, CANCELLED, null);
  ({ seq } = published);
  const { created } = await client.jsm.streams.info("EVENTS");
  eventId = eventIdOf(Date.parse(created), seq);
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
      expect(statuses).toEqual(["dead_lettered", "delivered", "retrying", "cancelled"]);
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
        delivery_id: `${seq}-${DELIVERED}`,
        endpoint_id: DELIVERED,
        uid: "crm",
        attempts: 1,
        last_status_code: 200,
        destination: receiver.url("/delivered"),
      },
      {
        endpoint_id: RETRYING,
        attempts: 1,
        last_status_code: 503,
        next_attempt_at: event["next_attempt_at"],
      },
      { endpoint_id: CANCELLED, attempts: 2, last_status_code: null, next_attempt_at: null },
    ],
  });
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
