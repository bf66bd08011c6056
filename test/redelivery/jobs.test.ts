import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventMessage } from "@ringback/contracts/events/event";
import type { RedeliveryStart } from "@ringback/contracts/deliveries/redelivery-job";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import {
  type BulkScene,
  type JobAnswer,
  LONG_AGO,
  recordsOfJob,
  startBulkScene,
  type Told,
} from "./bulk-scene.ts";

failOnLeaks();

let scene: BulkScene;
beforeAll(async () => {
  scene = await startBulkScene();
  await scene.startApi();
  await scene.makeDeadLetters("rated", 60);
  await scene.makeDeadLetters("stopped", 160);
  await scene.makeDeadLetters("twice", 120);
  await scene.makeDeadLetters("some", 3);
  scene.mendEndpoint();
});
afterAll(() => scene.stop());

const DEAD = { since: LONG_AGO, status: "dead_lettered" } as const;

const refused = async (body: unknown): Promise<Told<{ code: string; errors: unknown }>> =>
  scene.call("POST", "/redeliveries", body);

test("a job keeps to its rate", async () => {
  const { redelivery_id: id } = await scene.create({
    ...DEAD,
    agent_id: "rated",
    rate_per_second: 20,
  });
  const job = await scene.settled(id, "done");
  expect(job).toMatchObject({ found: 60, sent: 60, delivered: 60, rate_per_second: 20 });
  const times = scene.receiver
    .requestsTo("/rated")
    .slice(60)
    .map(({ atMs }) => atMs)
    .toSorted((a, b) => a - b);
  expect(times).toHaveLength(60);
  // Batches of a quarter of a second: 55 after the first 5 take 2.75 s at the least.
  expect(times.at(-1)! - times[0]!).toBeGreaterThan(2_500);
  const inSecondFrom = (from: number): number =>
    times.filter((ms) => ms >= from && ms < from + 1_000).length;
  expect(Math.max(...times.map(inSecondFrom))).toBeLessThanOrEqual(20 + 2 * 5);
});

test("a job that is stopped starts no more, and what it has started goes on", async () => {
  const asked = { ...DEAD, agent_id: "stopped", rate_per_second: 40 };
  const { redelivery_id: id } = await scene.create(asked);
  await eventually(async () => (await scene.read(id)).sent >= 20, { what: "some are sent" });
  expect((await scene.call("DELETE", `/redeliveries/${id}`)).status).toBe(204);
  const { state, sent } = await scene.read(id);
  expect(state).toBe("stopped");
  const job = await scene.settled(id, "stopped");
  expect(job).toMatchObject({ found: 160, sent, delivered: sent, skipped: 0 });
  expect(sent).toBeLessThan(160);
  // Another job that is asked for later has come to its end: the stopped one has not gone on.
  const later = await scene.create({ ...DEAD, agent_id: "some", rate_per_second: 1_000 });
  await scene.settled(later.redelivery_id, "done");
  expect((await recordsOfJob(scene, id)).size).toBe(sent);
  expect((await scene.call("DELETE", `/redeliveries/${id}`)).status).toBe(204);
});

test("of two instances of the API one runs the jobs, and the other one when that is gone", async () => {
  const asked = { ...DEAD, agent_id: "twice", rate_per_second: 40 };
  const { redelivery_id: id } = await scene.create(asked);
  const took = (index: number): boolean =>
    scene.apis[index]!.logs.some(
      (line) => line.msg === "redelivery.taken" && line["redelivery_id"] === id,
    );
  await eventually(async () => (await scene.read(id)).sent >= 20, { what: "it is under way" });
  expect([took(0), took(1)].filter(Boolean)).toHaveLength(1);
  const [runner] = scene.apis.splice(took(0) ? 0 : 1, 1);
  await runner!.kill();
  const job = await scene.settled(id, "done");
  expect(took(0)).toBe(true);
  expect(job).toMatchObject({ found: 120, sent: 120, delivered: 120 });
  const records = await recordsOfJob(scene, id);
  expect([records.size, [...records.values()].filter((n) => n !== 1)]).toEqual([120, []]);
});

/** Stores a running job of w1 in the middle of this batch; it finds nothing else. */
const storeJob = async (
  id: string,
  begunMs: number,
  starts: readonly RedeliveryStart[],
): Promise<void> => {
  const like = await scene.create({ ...DEAD, agent_id: "nobody" });
  const job = {
    ...like,
    redelivery_id: id,
    workspace_id: "w1",
    begins_after: { events: 0, attempts: 0, dead_letters: 0 },
    stop_requested: false,
    found: starts.length,
    cursor: { at_ms: Date.now(), seq: starts.at(-1)?.seq },
    batch: { at: new Date(begunMs).toISOString(), starts },
  };
  await scene.client.js.publish(`redeliveries.w1.${id}`, JSON.stringify(job));
};

test("a batch that was begun long ago is started but for what was: the server may have forgotten its ids", async () => {
  const { seq } = await scene.client.jsm.streams
    .getMessage("EVENTS", { last_by_subj: "events.w1.some-0.>" })
    .then((m) => m!);
  const start = (n: number) => ({
    seq: seq + n,
    call_id: `some-${n}`,
    agent_id: "some",
    event_type: "call_completed",
  });
  const id = "begun-long-ago";
  // Of the two the first was attempted, and the endpoint is not to hear of it again.
  const recordOf = (n: number) => `attempts.w1.some-${n}.some.call_completed.${seq + n}`;
  const first = await scene.client.jsm.streams.getMessage("ATTEMPTS", {
    last_by_subj: recordOf(0),
  });
  const ids = { delivery_id: `${seq}-${id}`, redelivery_id: id, trigger: "redelivery" };
  const done = { outcome: { kind: "delivered", status_code: 200 }, next: { kind: "done" } };
  const record = { ...first!.json<object>(), ...ids, ...done };
  await scene.client.js.publish(`${recordOf(0)}-${id}`, JSON.stringify(record));
  const before = scene.receiver.requestsTo("/some").length;
  await storeJob(id, Date.now() - 3_600_000, [start(0), start(1)]);
  expect(await scene.settled(id, "done")).toMatchObject({ sent: 2, delivered: 2 });
  expect(scene.receiver.requestsTo("/some")).toHaveLength(before + 1);
});

test("a job one of whose events is gone before its attempt comes to its end: it counts as failed", async () => {
  const gone = await Promise.all(
    ["gone-0", "gone-1"].map(async (call_id) => {
      const address = { workspaceId: "w1", agentId: "gone", callId: call_id } as const;
      const body = { event_type: "call_completed", call_id };
      const message = eventMessage({ ...address, eventType: "call_completed", body });
      const { seq } = await scene.client.js.publish(message.subject, message.body);
      await scene.client.jsm.streams.deleteMessage("EVENTS", seq);
      return { seq, call_id, agent_id: "gone", event_type: "call_completed" };
    }),
  );
  const id = "events-are-gone";
  await storeJob(id, Date.now(), gone);
  expect(await scene.settled(id, "done", 15_000)).toMatchObject({ sent: 2, failed: 2, waiting: 0 });
});

describe("which events are delivered again", () => {
  test("none that are not of the agent, the types and the time that were named", async () => {
    const jobs = await Promise.all(
      [
        { agent_id: "nobody" },
        { event_types: ["recording_completed"] },
        { until: "2021-01-01T00:00:00+01:00" },
      ].map((more) => scene.create({ ...DEAD, ...more, rate_per_second: 1_000 })),
    );
    for (const { redelivery_id } of jobs) {
      expect(await scene.settled(redelivery_id, "done")).toMatchObject({ found: 0, sent: 0 });
    }
    expect(jobs[2]?.until).toBe("2020-12-31T23:00:00.000Z");
  });

  test("delivered ones only where all are asked for", async () => {
    const asked = { since: LONG_AGO, agent_id: "some", rate_per_second: 1_000 };
    const undelivered = await scene.create({ ...asked, status: "undelivered" });
    expect(await scene.settled(undelivered.redelivery_id, "done")).toMatchObject({ found: 0 });
    const all = await scene.create({ ...asked, status: "all" });
    expect(await scene.settled(all.redelivery_id, "done")).toMatchObject({
      found: 3,
      delivered: 3,
    });
  });
});

describe("the calls", () => {
  test.each<[string, object, string]>([
    ["no time", { status: "all" }, "since"],
    ["no status", { since: LONG_AGO }, "status"],
    ["a status that does not exist", { since: LONG_AGO, status: "lost" }, "status"],
    ["a time that is none", { ...DEAD, since: "yesterday" }, "since"],
    ["an end before its beginning", { ...DEAD, until: "2019-01-01T00:00:00Z" }, "until"],
    ["no rate", { ...DEAD, rate_per_second: 0 }, "rate_per_second"],
    ["too high a rate", { ...DEAD, rate_per_second: 1_001 }, "rate_per_second"],
    ["half a delivery a second", { ...DEAD, rate_per_second: 1.5 }, "rate_per_second"],
    ["no event types", { ...DEAD, event_types: [] }, "event_types"],
    ["an agent that cannot be", { ...DEAD, agent_id: "a.b" }, "agent_id"],
    ["an unknown field", { ...DEAD, max: 3 }, "max"],
  ])("a job with %s is refused with its place", async (_, body, path) => {
    expect(await refused(body)).toMatchObject({
      status: 422,
      body: { code: "validation_failed", errors: [{ path }] },
    });
  });

  test("list the workspace's jobs, newest first, in pages", async () => {
    type List = { redeliveries: JobAnswer[]; next_cursor: string | null; projection_lag: number };
    const all = (await scene.call<List>("GET", "/redeliveries")).body;
    const times = all.redeliveries.map(({ created_at }) => created_at);
    expect(times).toEqual(times.toSorted().toReversed());
    expect(times.length).toBeGreaterThan(3);
    const paged: JobAnswer[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const query: string = cursor === "" ? "?limit=2" : `?limit=2&cursor=${cursor}`;
      const page: List = (await scene.call<List>("GET", `/redeliveries${query}`)).body;
      paged.push(...page.redeliveries);
      cursor = page.next_cursor;
    }
    expect(paged.map(({ redelivery_id }) => redelivery_id)).toEqual(
      all.redeliveries.map(({ redelivery_id }) => redelivery_id),
    );
    for (const query of ["limit=0", "limit=201", "limit=x", "cursor=abc", "status=done"]) {
      expect((await scene.call("GET", `/redeliveries?${query}`)).status).toBe(422);
    }
  });

  test("show nothing of them to another workspace, nor let it stop one", async () => {
    const mine = await scene.create({ ...DEAD, agent_id: "nobody" });
    const theirs = { key: scene.keys[1]! };
    const path = `/redeliveries/${mine.redelivery_id}`;
    const notFound = { status: 404, body: { code: "redelivery_not_found" } };
    expect(await scene.call("GET", path, undefined, theirs)).toMatchObject(notFound);
    expect(await scene.call("DELETE", path, undefined, theirs)).toMatchObject(notFound);
    expect(await scene.call("GET", "/redeliveries/%00", undefined, theirs)).toMatchObject(notFound);
    const list = await scene.call("GET", "/redeliveries", undefined, theirs);
    expect(list.body).toMatchObject({ redeliveries: [], next_cursor: null });
    const other = await scene.call("POST", "/redeliveries", { ...DEAD, status: "all" }, theirs);
    await eventually(
      async () => {
        const { body } = await scene.call(
          "GET",
          `/redeliveries/${other.body.redelivery_id}`,
          undefined,
          theirs,
        );
        return body.state === "done" && body.found === 0;
      },
      { what: "their job over all events finds none of w1's" },
    );
  });

  test("let keys that may only read look, and no more", async () => {
    const reading = { key: scene.keys[2]! };
    const post = await scene.call("POST", "/redeliveries", DEAD, reading);
    expect(post).toMatchObject({ status: 403, body: { code: "insufficient_scope" } });
    const list = await scene.call<{ redeliveries: JobAnswer[] }>(
      "GET",
      "/redeliveries",
      undefined,
      reading,
    );
    expect(list.status).toBe(200);
    const path = `/redeliveries/${list.body.redeliveries[0]!.redelivery_id}`;
    expect((await scene.call("GET", path, undefined, reading)).status).toBe(200);
    expect((await scene.call("DELETE", path, undefined, reading)).status).toBe(403);
  });

  test("create one job for one Idempotency-Key", async () => {
    const body = { ...DEAD, agent_id: "nobody" };
    const headers = { "idempotency-key": "job-1" };
    const [first, second] = await Promise.all([
      scene.call("POST", "/redeliveries", body, { headers }),
      scene.call("POST", "/redeliveries", body, { headers }),
    ]);
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(second.body.redelivery_id).toBe(first.body.redelivery_id);
    const other = await scene.call(
      "POST",
      "/redeliveries",
      { ...body, status: "all" },
      { headers },
    );
    expect(other).toMatchObject({ status: 422, body: { code: "idempotency_key_reused" } });
  });

  test("let five jobs of a workspace run at once, also of ten that are asked for at once", async () => {
    const slow = { since: LONG_AGO, status: "all", agent_id: "stopped", rate_per_second: 1 };
    const asked = Array.from({ length: 10 }, () => scene.call("POST", "/redeliveries", slow));
    const answers = await Promise.all(asked);
    const jobs = answers.filter(({ status }) => status === 202).map(({ body }) => body);
    expect(jobs).toHaveLength(5);
    expect(answers.find(({ status }) => status !== 202)).toMatchObject({
      status: 429,
      body: { code: "too_many_redeliveries" },
    });
    for (const { redelivery_id } of jobs)
      await scene.call("DELETE", `/redeliveries/${redelivery_id}`);
    await eventually(async () => (await refused({ ...slow, agent_id: "nobody" })).status === 202, {
      what: "there is room for another",
    });
  });

  test("keep a thousand jobs of a workspace, and leave others their room", async () => {
    const ended = {
      workspace_id: "w1",
      since: LONG_AGO,
      until: LONG_AGO,
      created_at: LONG_AGO,
      updated_at: LONG_AGO,
      status: "all",
      rate_per_second: 1,
      found: 0,
      sent: 0,
      state: "done",
      begins_after: { events: 0, attempts: 0, dead_letters: 0 },
      stop_requested: false,
      cursor: null,
      batch: null,
    };
    await Promise.all(
      Array.from({ length: 1_000 }, (__, n) => {
        const note = JSON.stringify({ ...ended, redelivery_id: `old-${n}` });
        return scene.client.js.publish(`redeliveries.w1.old-${n}`, note);
      }),
    );
    const told = await refused({ ...DEAD, agent_id: "some" });
    expect(told).toMatchObject({ status: 429, body: { code: "too_many_redeliveries" } });
    const [, key = ""] = scene.keys;
    const other = await scene.call("POST", "/redeliveries", DEAD, { key });
    expect(other.status).toBe(202);
  });
});
