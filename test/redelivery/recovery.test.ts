import { fanOutSubject } from "@ringback/contracts/deliveries/fan-out";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { endpointsKnown } from "../harness/endpoints-known.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { status } from "../harness/receiver/behaviour.ts";
import { recordsOf } from "../endpoints/stored-endpoints.ts";
import { call, type Answered, type PublishedEvent } from "./scene.ts";

failOnLeaks();

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([startPlatform(), startReceiver(() => status(200))]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

const post = (path: string, body?: unknown, headers = {}): Promise<Answered> =>
  call(platform, "POST", `/endpoints/${path}`, body, headers);

let endpoints = 0;
/** An agent with a subscription, and an endpoint for its events. */
const prepare = async (name: string): Promise<void> => {
  const callback_url = receiver.url(`/${name}-agent`);
  await platform.subscribe([{ event_type: "call_completed", callback_url }], { agentId: name });
  const settings = { uid: name, url: receiver.url(`/${name}`), agents: [name] };
  const created = await call(platform, "POST", "/endpoints", settings);
  expect([created.status, created.body]).toEqual([201, created.body]);
  await endpointsKnown(platform, (endpoints += 1));
};

/** Publishes events one after another; each is handled, and recorded at so many destinations. */
const publish = async (agentId: string, calls: readonly string[], at: number): Promise<void> => {
  for (const callId of calls) {
    const event: PublishedEvent = await platform.publish({ callId, agentId });
    await eventually(async () => (await recordsOf(platform.client, event)).length >= at, {
      what: `${callId} is recorded`,
    });
  }
};

const callIdsAt = (path: string): string[] =>
  receiver
    .requestsTo(path)
    .map(({ body }) => (JSON.parse(body.toString()) as { call_id: string }).call_id);

/**
 * Publishes until the dispatcher knows that the agent's endpoint is off, which takes it some milliseconds; the first call
 * that was held. Those before it go to the endpoint by themselves, or are cancelled there.
 */
const firstHeld = async (agentId: string): Promise<string> => {
  for (let n = 0; ; n += 1) {
    const callId = `${agentId}-${PROBE}${n}`;
    const { seq, address } = await platform.publish({ callId, agentId });
    await platform.attempted({ seq, address }, 1);
    const query = { last_by_subj: fanOutSubject(address, seq) };
    if ((await platform.client.jsm.direct.getMessage("ATTEMPTS", query)) === null) return callId;
  }
};

const PROBE = "probe";

/** Without the calls that came before the first one that was held. */
const without = (probes: readonly string[], callIds: readonly string[]): string[] =>
  callIds.filter((callId) => !callId.includes(PROBE) || probes.includes(callId));

const jobIdIn = ({ body }: Answered) => (body["redelivery"] as Answered["body"])["redelivery_id"];

/** Waits until the job of an answer has delivered so many at least. */
const delivered = (answer: Answered, n: number): Promise<unknown> => {
  const path = `/redeliveries/${String(jobIdIn(answer))}`;
  return eventually(
    async () => {
      const { body } = await call(platform, "GET", path);
      expect(body).toMatchObject({ state: "done", waiting: 0, delivered: body["sent"] });
      expect(body["sent"]).toBeGreaterThanOrEqual(n);
      return body;
    },
    { what: `${n} are recovered` },
  );
};

describe.concurrent("an endpoint that is switched on", () => {
  test("after a pause gets what was held, once each, in order, and nothing else", async () => {
    await prepare("p");
    await publish("p", ["p-before"], 2);
    const paused = await post("p/pause");
    const first = await firstHeld("p");
    await publish("p", ["p-1", "p-2", "p-3", "p-4"], 1);
    const held = [first, "p-1", "p-2", "p-3", "p-4"];
    expect(without([first], callIdsAt("/p"))).toEqual(["p-before"]);
    const resumed = await post("p/resume");
    expect(resumed).toMatchObject({
      status: 200,
      body: {
        state: "healthy",
        events_were_held_since: paused.body["held_since"],
        redelivery: { state: "running", status: "undelivered", since: paused.body["held_since"] },
      },
    });
    await delivered(resumed, held.length);
    await publish("p", ["p-after"], 2);
    const all = ["p-before", ...held, "p-after"];
    expect(without([first], callIdsAt("/p"))).toEqual(all);
    expect(without([first], callIdsAt("/p-agent"))).toEqual(all);
    // It is on, and nothing is held.
    expect((await post("p/resume")).body).toMatchObject({
      events_were_held_since: null,
      redelivery: null,
    });
  });

  test("after it was disabled gets what it was to hold, and nothing that it was to discard", async () => {
    await prepare("h");
    await post("h/disable", { events: "hold" });
    const first = await firstHeld("h");
    await publish("h", ["h-1"], 1);
    await delivered(await post("h/enable"), 1);
    await post("h/disable");
    await firstHeld("h");
    await publish("h", ["h-2"], 1);
    const enabled = await post("h/enable", { recover: "held" });
    expect(enabled.body).toMatchObject({ events_were_held_since: null, redelivery: null });
    await publish("h", ["h-3"], 2);
    expect(without([], callIdsAt("/h"))).toEqual(["h-1", "h-3"]);
    expect(callIdsAt("/h")).toContain(first);
    // What was discarded is there for who asks for it, also when the endpoint is on.
    await delivered(await post("h/enable", { recover: { since: "1h" } }), 1);
    expect(without([], callIdsAt("/h"))).toEqual(["h-1", "h-3", "h-2"]);
  });

  test("with 'none' gets nothing of what was held", async () => {
    await prepare("n");
    await post("n/pause");
    await firstHeld("n");
    await publish("n", ["n-1"], 1);
    const resumed = await post("n/resume", { recover: "none" });
    expect(resumed.body).toMatchObject({
      events_were_held_since: expect.any(String),
      redelivery: null,
    });
    await publish("n", ["n-2"], 2);
    expect(without([], callIdsAt("/n"))).toEqual(["n-2"]);
  });

  test("by a request with an Idempotency-Key has one job, however often it is sent", async () => {
    await prepare("k");
    await post("k/pause");
    await firstHeld("k");
    await publish("k", ["k-1", "k-2"], 1);
    const key = { "idempotency-key": "resume-k" };
    const first = await post("k/resume", {}, key);
    await delivered(first, 2);
    const again = await post("k/resume", {}, key);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(jobIdIn(again)).toBe(jobIdIn(first));
    const jobs = await call(platform, "GET", "/redeliveries?endpoint_id=k");
    expect(jobs.body["redeliveries"]).toHaveLength(1);
    expect(without([], callIdsAt("/k"))).toEqual(["k-1", "k-2"]);
  });

  test.each([
    ["a word that is none", "all"],
    ["a time that is none", { since: "soon" }],
    ["another field", { until: "1h" }],
  ])("is refused with %s", async (_what, recover) => {
    expect(await post("nobody/resume", { recover })).toMatchObject({
      status: 422,
      body: { errors: [{ path: expect.stringContaining("recover") }] },
    });
  });
});

test("an endpoint stays off where the workspace has too many jobs to recover what it held", async () => {
  await prepare("full");
  await post("full/pause");
  await publish("full", ["full-1"], 1);
  const jobs: string[] = [];
  for (let n = 0; n < 5; n += 1) {
    // All that the tests before have published: it takes many seconds.
    const asked = { since: "1h", status: "all", rate_per_second: 1 };
    const { body } = await call(platform, "POST", "/redeliveries", asked);
    jobs.push(String(body["redelivery_id"]));
  }
  const refused = await post("full/resume");
  expect(refused).toMatchObject({ status: 429, body: { code: "too_many_redeliveries" } });
  expect((await call(platform, "GET", "/endpoints/full")).body).toMatchObject({ state: "paused" });
  for (const id of jobs) await call(platform, "DELETE", `/redeliveries/${id}`);
});
