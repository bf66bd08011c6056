import { beforeAll, afterAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { endpointsKnown } from "../harness/endpoints-known.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import { status } from "../harness/receiver/behaviour.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";

failOnLeaks();

const at = { workspaceId: "acme", agentId: "agent-7" };

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  receiver = await startReceiver(({ path }) => status(path.startsWith("/down") ? 503 : 200));
  platform = await startPlatform({
    workspaces: ["acme", "other"],
    dispatcherEnv: { RETRY_DELAYS: "10m" },
  });
  await platform.subscribe(
    [
      { event_type: "call_completed", callback_url: receiver.url("/calls") },
      { event_type: "recording_completed", callback_url: receiver.url("/down") },
    ],
    at,
  );
  await platform.api("POST", "/endpoints", { url: receiver.url("/down/too"), uid: "crm" }, "acme");
  await endpointsKnown(platform, 1);
  for (const callId of ["c-41", "c-42"]) {
    const event = await platform.publish({ ...at, callId, eventType: "call_completed" });
    await platform.attempted(event, 1);
  }
  const event = await platform.publish({ ...at, callId: "c-42", eventType: "recording_completed" });
  await platform.attempted(event, 1);
  await eventually(async () => {
    const { total } = (await current("/deliveries/facets?status=pending")) as { total: number };
    if (total > 0) throw new Error(`${total} deliveries are to be attempted`);
  });
});
afterAll(async () => {
  await platform?.stop();
  await receiver?.stop();
});

type Body = Readonly<Record<string, unknown>>;

/** What a call responds with once the index has all that is stored. */
const current = (path: string, workspaceId = "acme"): Promise<Body> =>
  eventually(async () => {
    const response = await platform.api("GET", path, undefined, workspaceId);
    const body = response.body as Body;
    if (response.status !== 200 || body["projection_lag"] !== 0) throw new Error("not current yet");
    return body;
  });

test("calls are found by the beginning of their ids, with what has become of them", async () => {
  const { calls } = await current("/calls?call_id=c-4");
  expect(calls).toMatchObject([
    { call_id: "c-42", agent_ids: ["agent-7"], events: 2, attempts: 4, status: "retrying" },
    { call_id: "c-41", agent_ids: ["agent-7"], events: 1, attempts: 2, status: "retrying" },
  ]);
  const first = await current("/calls?limit=1");
  const next = await current(`/calls?limit=1&cursor=${String(first["next_cursor"])}`);
  expect([first, next].map((one) => (one["calls"] as { call_id: string }[])[0]?.call_id)).toEqual([
    "c-42",
    "c-41",
  ]);
  expect((await current("/calls", "other"))["calls"]).toEqual([]);
});

test("the overview of real deliveries has their outcomes, delays, and who fails", async () => {
  const overview = await current("/overview?period=1h");
  expect(overview).toMatchObject({
    bucket_seconds: 60,
    events: 3,
    attempts: { delivered: 2, failed: 4, failed_by_reason: { status: 4 } },
    given_up: { total: 0, by_reason: {} },
    waiting: { pending: 0, retrying: 4, at_least: false, oldest: { call_id: "c-41", uid: "crm" } },
    failing: [
      { uid: "crm", agent_id: null, attempts: 3, failed: 3, failure_share: 1 },
      { endpoint_id: null, agent_id: "agent-7", attempts: 3, failed: 1, failure_share: 0.333 },
    ],
  });
  const delay = overview["first_attempt_delay_ms"] as { p50: number; p99: number };
  expect(delay.p50).toBeGreaterThanOrEqual(1);
  expect(delay.p99).toBeLessThan(60_000);
  const series = overview["series"] as { delivered: number | null; failed: number | null }[];
  expect(series).toHaveLength(60);
  // The streams are as old as this test.
  expect(series[0]).toMatchObject({ events: null, delivered: null, failed: null, given_up: null });
  const sum = (name: "delivered" | "failed") =>
    series.reduce((total, one) => total + (one[name] ?? 0), 0);
  expect([sum("delivered"), sum("failed")]).toEqual([2, 4]);
  const ofAgent = await current("/overview?period=1h&agent_id=agent-7");
  expect(ofAgent).toMatchObject({ bucket_seconds: 300, events: 3, attempts: { failed: 4 } });
  expect(await current("/overview?agent_id=agent-8")).toMatchObject({
    events: 0,
    first_attempt_delay_ms: { p50: null, p95: null, p99: null },
    waiting: { pending: 0, retrying: 0, oldest: null },
  });
  expect(await current("/overview", "other")).toMatchObject({ events: 0, failing: [] });
});

test("the activity of endpoints and agents comes with one request, in its order", async () => {
  const activity = await current("/activity?endpoint_id=nowhere,crm&agent_id=agent-7");
  const [nowhere, crm] = activity["endpoints"] as { delivered: unknown[]; failed: unknown[] }[];
  expect(nowhere?.failed).toHaveLength(24);
  expect(nowhere?.failed.at(-1)).toBe(0);
  expect(crm?.failed.at(-1)).toBe(3);
  expect(crm?.failed[0]).toBeNull();
  const [agent] = activity["agents"] as { delivered: unknown[]; failed: unknown[] }[];
  expect([agent?.delivered.at(-1), agent?.failed.at(-1)]).toEqual([2, 4]);
});

test("facets count what the lists have", async () => {
  const events = await current("/events/facets");
  expect(events).toMatchObject({ total: 3, at_least: false, agent_id: [{ count: 3 }] });
  expect(events["status"]).toEqual([
    { value: "retrying", count: 3 },
    { value: "delivered", count: 2 },
  ]);
  expect(events["endpoint_id"]).toMatchObject([
    { value: null, count: 3 },
    { uid: "crm", count: 3 },
  ]);
  const deliveries = await current("/deliveries/facets?status=retrying&call_id=c-42");
  expect(deliveries).toMatchObject({ total: 3, status: [{ value: "retrying", count: 3 }] });
  expect(await current("/dead-letters/facets")).toMatchObject({ total: 0, reason: [] });
});

test.each([
  ["/calls?status=failed&call_id=with%20space", ["call_id", "status"]],
  ["/overview?period=2h&agent_id=a.b", ["agent_id", "period"]],
  ["/activity", ["endpoint_id"]],
  [
    `/activity?endpoint_id=${Array.from({ length: 51 }, (_, n) => `e${n}`).join(",")}`,
    ["endpoint_id"],
  ],
  ["/events/facets?limit=1&since=2h&until=3h&status=lost", ["limit", "status"]],
  ["/dead-letters/facets?reason=x", ["reason"]],
])("%s says what is wrong with it", async (path, names) => {
  const { status: code, body } = await platform.api("GET", path, undefined, "acme");
  const errors = (body as { errors?: { path: string }[] }).errors ?? [];
  expect([code, errors.map((error) => error.path).toSorted()]).toEqual([422, names]);
});
