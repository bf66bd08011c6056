import { DEAD_LETTER_REASONS } from "@ringback/contracts/deliveries/dead-letter";
import { FAILURE_REASONS } from "@ringback/contracts/deliveries/attempt";
import { EVENT_TYPE_LABELS } from "@ringback/contracts/events/event-types";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Script, status } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import { parseMetrics, type MetricsSnapshot } from "../harness/process/prometheus-text.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";

failOnLeaks();

const WORKSPACES = 201;
const RETRY_DELAYS = "300ms,200ms";
const SECRET = "s3cret-of-a-customer";

let platform: Platform;
let receiver: Receiver;

const fails: Script = ({ path }) => status(path.startsWith("/fail") ? 500 : 200);
const scrape = async (): Promise<MetricsSnapshot> => {
  const [dispatcher] = platform.dispatchers;
  if (dispatcher === undefined) throw new Error("no dispatcher");
  return dispatcher.metrics();
};

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({
      dispatcherEntry: "test/repair/watchful-dispatcher.ts",
      dispatcherEnv: { RETRY_DELAYS, MAX_IN_FLIGHT: "77" },
    }),
    startReceiver(fails),
  ]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

const OUTCOMES = ["delivered", ...FAILURE_REASONS];
const RESULTS = ["delivered", "dead_lettered", "cancelled"];
const ATTEMPTS = ["1", "2", "3", "4", "5+"];

/** Every series of the dispatcher with labels known beforehand, by name and label values. */
const AT_ZERO: Record<string, Record<string, readonly string[]>> = {
  ringback_events_total: {
    event_type: EVENT_TYPE_LABELS,
    result: ["accepted", "no_subscription", "invalid"],
  },
  ringback_attempts_total: { event_type: EVENT_TYPE_LABELS, outcome: OUTCOMES, attempt: ATTEMPTS },
  ringback_attempt_duration_seconds_count: { outcome: ["delivered", "failed"] },
  ringback_first_attempt_delay_seconds_count: {},
  ringback_delivery_seconds_count: {},
  ringback_deliveries_total: { event_type: EVENT_TYPE_LABELS, result: RESULTS },
  ringback_dead_letters_total: { reason: DEAD_LETTER_REASONS },
  ringback_retries_scheduled_total: { attempt: ATTEMPTS.slice(1) },
  ringback_retry_lateness_seconds_count: {},
  ringback_attempts_in_flight: {},
  ringback_deferred_total: { reason: ["endpoint_busy", "rate_limited"] },
  ringback_backlog_events: {},
  ringback_retries_waiting: {},
  ringback_subscriptions: {},
  ringback_agents: {},
};

test("before the first event every series is there, at zero", async () => {
  const metrics = await eventually(async () => {
    const page = await scrape();
    // What NATS has to say first.
    for (const name of ["ringback_backlog_events", "ringback_first_attempts_waiting"])
      expect(page.value(name)).toBe(0);
    return page;
  });
  for (const [name, labels] of Object.entries(AT_ZERO)) {
    for (const set of combinations(labels)) {
      expect([name, set, metrics.value(name, set)]).toEqual([name, set, 0]);
    }
  }
  expect(metrics.value("ringback_attempts_in_flight_limit")).toBe(77);
  expect(metrics.value("ringback_nats_connected")).toBe(1);
  const [info] = metrics.series.filter(({ name }) => name === "ringback_build_info");
  expect(info).toMatchObject({ value: 1, labels: { node: process.version } });
  expect(info?.labels["version"]).toMatch(/^\d+\.\d+\.\d+/);
  const ends = metrics.series
    .filter(({ name }) => name === "ringback_attempt_duration_seconds_bucket")
    .map(({ labels }) => labels["le"]);
  expect(ends).toContain("30");
});

test("known deliveries give known numbers", async () => {
  const url = (path: string): string => `${receiver.url(path)}?token=${SECRET}`;
  await platform.subscribe([
    { event_type: "call_completed", callback_url: url("/ok"), headers: { "x-key": SECRET } },
    { event_type: "recording_completed", callback_url: url("/fail") },
  ]);
  for (const callId of ["c1", "c2", "c3"]) await platform.publish({ callId });
  const failing = await platform.publish({ callId: "c1", eventType: "recording_completed" });
  await platform.publish({ callId: "c1", eventType: "client_analysis_completed" });
  await platform.client.js.publish("events.w1.c1.a1.call_completed", "no JSON");
  await platform.attempted(failing, 3);
  const expected: readonly [string, Record<string, string>, number][] = [
    ["ringback_events_total", { event_type: "call_completed", result: "accepted" }, 3],
    ["ringback_events_total", { event_type: "recording_completed", result: "accepted" }, 1],
    ["ringback_events_total", { result: "no_subscription" }, 1],
    ["ringback_events_total", { result: "invalid" }, 1],
    ["ringback_attempts_total", { outcome: "delivered" }, 3],
    ["ringback_attempts_total", { outcome: "delivered", attempt: "1" }, 3],
    ["ringback_attempts_total", { outcome: "status", attempt: "1" }, 1],
    ["ringback_attempts_total", { outcome: "status", attempt: "2" }, 1],
    ["ringback_attempts_total", { outcome: "status", attempt: "3" }, 1],
    ["ringback_attempts_total", {}, 6],
    ["ringback_workspace_attempts_total", { workspace_id: "w1", outcome: "delivered" }, 3],
    ["ringback_workspace_attempts_total", { workspace_id: "w1", outcome: "failed" }, 3],
    ["ringback_workspace_deliveries_total", { workspace_id: "w1", result: "delivered" }, 3],
    ["ringback_workspace_deliveries_total", { workspace_id: "w1", result: "dead_lettered" }, 1],
    ["ringback_workspace_deliveries_total", { workspace_id: "w1", result: "cancelled" }, 0],
    ["ringback_attempt_duration_seconds_count", { outcome: "delivered" }, 3],
    ["ringback_attempt_duration_seconds_count", { outcome: "failed" }, 3],
    ["ringback_first_attempt_delay_seconds_count", {}, 4],
    ["ringback_delivery_seconds_count", {}, 3],
    ["ringback_deliveries_total", { event_type: "call_completed", result: "delivered" }, 3],
    ["ringback_deliveries_total", { result: "dead_lettered" }, 1],
    ["ringback_dead_letters_total", { reason: "exhausted" }, 1],
    ["ringback_dead_letters_total", { reason: "invalid_event" }, 1],
    ["ringback_retries_scheduled_total", { attempt: "2" }, 1],
    ["ringback_retries_scheduled_total", { attempt: "3" }, 1],
    ["ringback_retries_scheduled_total", {}, 2],
    ["ringback_retry_lateness_seconds_count", {}, 2],
    ["ringback_retry_lateness_seconds_bucket", { le: "1" }, 2],
    ["ringback_agents", {}, 1],
    ["ringback_subscriptions", {}, 2],
    ["ringback_attempts_in_flight", {}, 0],
  ];
  await eventually(async () => {
    const metrics = await scrape();
    const found = expected.map(([name, labels]) => [name, labels, metrics.value(name, labels)]);
    expect(found).toEqual(expected);
  });
});

test("what waits is shown: the backlog and the retries that are not due", async () => {
  await platform.subscribe(
    [{ event_type: "call_completed", callback_url: receiver.url("/fail") }],
    {
      agentId: "waiting",
    },
  );
  receiver.setScript({ kind: "hang" });
  const { length } = await publishMany(200, { agentId: "waiting" });
  // One endpoint never has all of the 77 places, but as many as are left.
  const inFlight = await eventually(async () => {
    const value = (await scrape()).value("ringback_attempts_in_flight") ?? 0;
    expect(value).toBeGreaterThan(15);
    return value;
  });
  expect(inFlight).toBeLessThan(40);
  await eventually(async () => (await scrape()).value("ringback_retries_waiting"), {
    what: "retries that wait",
  });
  // What was never attempted is apart from retries, and says that it waits for its endpoint.
  await eventually(async () => {
    const page = await scrape();
    const waiting = page.value("ringback_first_attempts_waiting", { reason: "endpoint_busy" });
    expect(waiting).toBeGreaterThan(100);
    expect(waiting).toBeLessThanOrEqual(200 - inFlight);
    for (const reason of ["backlog", "dispatcher_busy", "paused"])
      expect(page.value("ringback_first_attempts_waiting", { reason })).toBe(0);
    expect(
      page.value("ringback_first_attempts_waiting_oldest_seconds", { reason: "endpoint_busy" }),
    ).toBeGreaterThan(0);
  });
  receiver.setScript(status(200));
  expect(length).toBe(200);
});

test("no label holds an id, a URL or a text, but workspaces, and of these 200", async () => {
  for (let n = 0; n < WORKSPACES; n += 1) {
    await platform.client.js.publish(
      `subscriptions.workspace-${n}.a1`,
      JSON.stringify(subscribedIn(`workspace-${n}`)),
    );
  }
  for (let n = 0; n < WORKSPACES; n += 1) {
    await platform.publish({ callId: "capped", workspaceId: `workspace-${n}` });
  }
  await receiver.received(WORKSPACES, { path: "/capped" });
  const metrics = await eventually(async () => {
    const page = await scrape();
    const shared = page.value("ringback_workspace_attempts_total", { workspace_id: "(other)" });
    expect(shared).toBe(2); // w1 was the first, so that two of 202 share
    return page;
  });
  const labelled = metrics.series.flatMap(({ labels }) => Object.entries(labels));
  const workspaces = new Set(labelled.filter(([key]) => key === "workspace_id").map(([, v]) => v));
  expect(workspaces.size).toBe(201);
  expect(workspaces).toContain("w1");
  const named = metrics.series.filter(({ labels }) => "workspace_id" in labels);
  expect(new Set(named.map(({ name }) => name))).toEqual(
    new Set(["ringback_workspace_attempts_total", "ringback_workspace_deliveries_total"]),
  );
  const others = labelled.filter(([key]) => key !== "workspace_id").map(([, value]) => value);
  for (const value of others) {
    expect(value).not.toMatch(/https?:|127\.0\.0\.1|evt_|\ba1\b|capped|s3cret/);
  }
});

test("the log has one line per attempt, and no header, query or body of a customer", async () => {
  const [dispatcher] = platform.dispatchers;
  const lines = dispatcher?.logs.filter(({ msg, call_id }) => {
    return msg === "delivery.attempted" && call_id === "c2";
  });
  expect(lines).toHaveLength(1);
  expect(lines?.[0]).toMatchObject({
    event_id: expect.stringMatching(/^evt_[0-9a-z]+_\d+$/),
    event_type: "call_completed",
    agent_id: "a1",
    workspace_id: "w1",
    attempt: 1,
    outcome: { kind: "delivered", status_code: 200 },
    duration_ms: expect.any(Number),
    next: { kind: "done" },
  });
  expect(dispatcher?.output.all()).not.toContain(SECRET);
  // Who wrote it is in every line, and what failed is a warning.
  const attempts = dispatcher?.logs.filter(({ msg }) => msg === "delivery.attempted") ?? [];
  const failed = attempts.filter(({ outcome }) => (outcome as { kind: string }).kind === "failed");
  expect([...new Set(failed.map(({ level }) => level))]).toEqual(["warn"]);
  for (const line of dispatcher?.logs ?? []) expect(line["version"]).toMatch(/^\d+\.\d+\.\d+/);
});

test("a scrape gets OpenMetrics and gzip where it asks for them, with the same series", async () => {
  const url = `${platform.dispatchers[0]?.adminUrl()}/metrics`;
  const asked = { accept: "application/openmetrics-text;version=1.0.0,text/plain;q=0.3" };
  await eventually(async () => {
    const plain = await fetch(url, { headers: { "accept-encoding": "identity" } });
    const open = await fetch(url, { headers: { ...asked, "accept-encoding": "gzip" } });
    const [text, openText] = [await plain.text(), await open.text()];
    expect(plain.headers.get("content-encoding")).toBeNull();
    expect(open.headers.get("content-encoding")).toBe("gzip");
    expect(open.headers.get("content-type")).toContain("application/openmetrics-text");
    expect(Number(open.headers.get("content-length"))).toBeLessThan(text.length / 5);
    expect(openText.endsWith("# EOF\n")).toBe(true);
    // Node's series of what is open come and go, so two scrapes may fall on either side of that.
    expect(namesIn(openText)).toEqual(namesIn(text));
  });
});

const ready = (page: MetricsSnapshot, reason: string) => page.value("ringback_ready", { reason });

test("what cannot be known while NATS is away has no series, and the reason is named", async () => {
  await platform.server.kill();
  const names = await eventually(async () => {
    const page = await scrape();
    expect([ready(page, "nats"), ready(page, "stopping")]).toEqual([0, 1]);
    return page.series.map(({ name }) => name);
  });
  for (const name of OF_NATS) expect(names).not.toContain(name);
  expect(names).toContain("ringback_attempts_in_flight");
  await platform.server.restart();
  await eventually(
    async () => {
      const page = await scrape();
      expect(ready(page, "nats")).toBe(1);
      expect(page.series.map(({ name }) => name)).toEqual(expect.arrayContaining([...OF_NATS]));
    },
    { timeoutMs: 30_000 },
  );
});

/** Gauges of what NATS alone can say. */
const OF_NATS = [
  "ringback_backlog_events",
  "ringback_backlog_retries",
  "ringback_backlog_retries_oldest_seconds",
  "ringback_retries_waiting",
  "ringback_retry_overdue_seconds",
  "ringback_first_attempts_waiting",
  "ringback_dispatchers",
  "ringback_stream_messages",
  "ringback_stream_size_bytes",
];

const namesIn = (page: string) => [...new Set(parseMetrics(page).series.map(({ name }) => name))];

const combinations = (labels: Record<string, readonly string[]>): Record<string, string>[] =>
  Object.entries(labels).reduce<Record<string, string>[]>(
    (sets, [name, values]) => sets.flatMap((set) => values.map((v) => ({ ...set, [name]: v }))),
    [{}],
  );

const publishMany = (count: number, at: { agentId: string }) =>
  Promise.all(
    Array.from({ length: count }, (_, n) => platform.publish({ callId: `many-${n}`, ...at })),
  );

function subscribedIn(workspace_id: string) {
  const at = new Date().toISOString();
  const subscription = {
    event_type: "call_completed",
    callback_url: receiver.url("/capped"),
    headers: {},
    method_type: "POST",
  };
  const agent = {
    workspace_id,
    agent_id: "a1",
    agent_display_name: "A",
    event_subscriptions: [subscription],
    created_at: at,
    updated_at: at,
  };
  const change = { set: [subscription], removed: [] };
  const type = "event_subscriptions_edited";
  return { type, change, occurred_at: at, actor: "test", version: 2, agent };
}
