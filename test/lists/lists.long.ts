import { afterAll, beforeAll, expect, test } from "vitest";
import { byPath, status } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";
import { makeTempDir } from "../harness/temp-dir.ts";

failOnLeaks();

let receiver: Receiver;
let platform: Platform;

type Item = Readonly<Record<string, unknown>>;
type Page = Readonly<Record<"events" | "attempts" | "dead_letters", Item[]>> & {
  readonly next_cursor: string | null;
  readonly projection_lag: number;
};

beforeAll(async () => {
  receiver = await startReceiver(byPath({ "/fails": status(500), "/works": status(200) }));
  platform = await startPlatform({
    env: { PROJECTION_DIR: await makeTempDir("projection") },
    dispatcherEnv: { RETRY_DELAYS: "1s", RETRY_JITTER: "0" },
  });
  const at = { "/works": "call_completed", "/fails": "recording_completed" } as const;
  const subscriptions = Object.entries(at).map(([path, event_type]) => ({
    event_type,
    callback_url: receiver.url(path),
  }));
  await platform.subscribe(subscriptions);
  await platform.subscribe(subscriptions, { workspaceId: "w2" });
  for (const workspaceId of ["w1", "w2"]) {
    await platform.publish({ workspaceId, callId: "c1", eventType: "call_completed" });
    await platform.publish({ workspaceId, callId: "c2", eventType: "recording_completed" });
    await platform.publish({ workspaceId, callId: "c3", eventType: "client_analysis_completed" });
  }
  await eventually(() => haveEnded(["w1", "w2"]), { what: "every event has come to its end" });
});
afterAll(async () => {
  await platform.stop();
  await receiver.stop();
});

const haveEnded = async (workspaceIds: readonly string[]): Promise<boolean> => {
  const lists = await Promise.all(workspaceIds.map((workspaceId) => get("/events", workspaceId)));
  return lists.every(({ events }) => {
    const statuses = events.map((event) => event["status"]);
    return statuses.join() === "no_subscription,dead_lettered,delivered";
  });
};

const get = async (path: string, workspaceId?: string): Promise<Page> => {
  const answer = await platform.api("GET", path, undefined, workspaceId);
  expect([path, answer.status]).toEqual([path, 200]);
  return answer.body as Page;
};

test("an event of a list has all but its payload", async () => {
  const { events, next_cursor, projection_lag } = await get("/events?status=dead_lettered");
  expect([next_cursor, projection_lag]).toEqual([null, 0]);
  expect(events).toEqual([
    {
      event_id: expect.stringMatching(/^evt_[0-9a-z]+_\d+$/),
      event_type: "recording_completed",
      call_id: "c2",
      agent_id: "a1",
      stored_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      size_bytes: JSON.stringify({ event_type: "recording_completed", call_id: "c2" }).length,
      trigger: "event",
      status: "dead_lettered",
      attempt_count: 2,
      last_attempt_at: expect.any(String),
      last_status_code: 500,
      destination: receiver.url("/fails"),
      next_attempt_at: null,
    },
  ]);
});

test("an attempt of a list has what came back, and a dead letter its last attempt", async () => {
  const { attempts } = await get("/attempts?call_id=c2");
  expect(attempts).toMatchObject([
    { call_id: "c2", attempt: 2, trigger: "retry", next: { kind: "dead_letter" } },
    { call_id: "c2", attempt: 1, trigger: "event", next: { kind: "retry" } },
  ]);
  expect(attempts[0]).toMatchObject({
    outcome: { kind: "failed", reason: "status", status_code: 500 },
    request: { method: "POST", url: receiver.url("/fails") },
    duration_ms: expect.any(Number),
  });
  const { dead_letters } = await get("/dead-letters");
  expect(dead_letters).toMatchObject([
    { call_id: "c2", reason: "exhausted", last_attempt: { attempt: 2 } },
  ]);
});

test.each([
  ["/events?agent_id=a1", 3],
  ["/events?agent_id=a2", 0],
  ["/events?event_type=call_completed&status=delivered", 1],
  ["/events?event_type=call_completed&status=pending", 0],
  ["/events?call_id=c3", 1],
  ["/events?status=delivered,dead_lettered", 2],
  [
    "/events?status=delivered&status=dead_lettered&event_type=call_completed,recording_completed",
    2,
  ],
  ["/events?event_type=call_completed,client_analysis_completed&status=no_subscription", 1],
  ["/events?since=2h", 3],
  ["/events?until=2h", 0],
  ["/events?since=2026-01-01&until=2100-01-01", 3],
  ["/attempts?outcome=delivered,failed", 3],
  ["/attempts?reason=status&reason=timeout", 2],
  ["/events?since=2000-01-01T00:00:00Z&until=2001-01-01T00:00:00%2B01:00", 0],
  ["/events?since=2000-01-01T00:00:00Z", 3],
  ["/attempts", 3],
  ["/attempts?outcome=delivered", 1],
  ["/attempts?outcome=failed&event_type=recording_completed", 2],
  ["/attempts?reason=status&agent_id=a1", 2],
  ["/attempts?reason=timeout", 0],
  ["/dead-letters?reason=exhausted&call_id=c2", 1],
  ["/dead-letters?reason=event_expired", 0],
  ["/dead-letters?reason=event_expired,exhausted", 1],
])("%s lists %i", async (path, count) => {
  for (const workspaceId of ["w1", "w2"]) {
    const page = await get(path, workspaceId);
    const [items] = [page.events, page.attempts, page.dead_letters].filter((one) => one);
    expect(items).toHaveLength(count);
    expect(page.projection_lag).toBe(0);
  }
});

/** The ids of the events that lists name. */
const ids = async (workspaceId: string): Promise<unknown[]> => {
  const pages = await Promise.all(
    ["/events", "/attempts", "/dead-letters", "/events?call_id=c1", "/attempts?agent_id=a1"].map(
      (path) => get(path, workspaceId),
    ),
  );
  const items = pages.flatMap((page) => Object.values(page).filter(Array.isArray).flat());
  return items.map(({ event_id }) => event_id);
};

test("nothing of another workspace is in any list, though ids are the same", async () => {
  const [ours, theirs] = [await ids("w1"), await ids("w2")];
  expect(ours.length).toBeGreaterThan(6);
  expect(ours.filter((id) => theirs.includes(id))).toEqual([]);
});

test("pages follow each other by their cursors", async () => {
  const all = (await get("/attempts")).attempts;
  const first = await get("/attempts?limit=2");
  const second = await get(`/attempts?limit=2&cursor=${first.next_cursor}`);
  expect([...first.attempts, ...second.attempts]).toEqual(all);
  expect(second.next_cursor).toBeNull();
});

test.each([
  ["/events?limit=0", "limit"],
  ["/events?limit=201", "limit"],
  ["/events?cursor=abc", "cursor"],
  ["/events?status=lost", "status"],
  ["/events?agent_id=a.b", "agent_id"],
  ["/events?event_type=Call", "event_type"],
  ["/events?since=yesterday", "since"],
  ["/events?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "until"],
  ["/events?outcome=failed", "outcome"],
  ["/attempts?reason=exhausted", "reason"],
  ["/attempts?reason=dns&reason=exhausted", "reason"],
  ["/events?agent_id=a1&agent_id=a2", "agent_id"],
  ["/events?status=delivered,", "status"],
  ["/events?since=1h&until=2h", "until"],
  ["/dead-letters?reason=dns", "reason"],
  ["/agent/v1/a1/stats?window=1", "window"],
  ["/agent/v1/a1/stats?window=1y", "window"],
  ["/agent/v1/a1/stats?since=1h", "since"],
])("%s is answered 422, and says that it is %s", async (path, name) => {
  const answer = await platform.api("GET", path);
  expect(answer).toMatchObject({ status: 422, body: { code: "validation_failed" } });
  expect(answer.body).toMatchObject({ errors: [{ path: name }] });
});

test("stats say what an agent's attempts came to, how long they took and what waits", async () => {
  const answer = await platform.api("GET", "/agent/v1/a1/stats?window=1h");
  expect(answer).toMatchObject({
    status: 200,
    body: {
      agent_id: "a1",
      attempts: { delivered: 1, failed: 2, cancelled: 0, failed_by_reason: { status: 2 } },
      duration_ms: { p50: expect.any(Number), p95: expect.any(Number) },
      oldest_waiting: null,
      projection_lag: 0,
    },
  });
  for (const path of ["/agent/v1/a9/stats", "/agent/v1/a.b/stats"]) {
    const unknown = await platform.api("GET", path);
    expect(unknown).toMatchObject({ status: 404, body: { code: "agent_not_found" } });
  }
});

test("an event that waits for its retry says when, and is what waits longest", async () => {
  const delivery = { retry_delays: ["1h"] };
  const callback_url = receiver.url("/fails");
  await platform.subscribe([{ event_type: "call_completed", callback_url, delivery }], {
    agentId: "slow",
  });
  await platform.publish({ callId: "c9", agentId: "slow" });
  const stats = await eventually(async () => {
    const { events } = await get("/events?status=retrying");
    expect(events).toMatchObject([{ call_id: "c9", next_attempt_at: expect.any(String) }]);
    return platform.api("GET", "/agent/v1/slow/stats");
  });
  expect(stats.body).toMatchObject({ oldest_waiting: { call_id: "c9", status: "retrying" } });
});

test("metrics say how far each stream's index is behind", async () => {
  const metrics = await platform.subscriptions.metrics();
  for (const stream of ["events", "attempts", "dead_letters"]) {
    expect(metrics.value("ringback_projection_lag_messages", { stream })).toBe(0);
  }
});
