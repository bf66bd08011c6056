import { expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { problem, type Answer } from "../harness/api-client.ts";
import { connectTo } from "../harness/nats/nats-client.ts";
import { eventually } from "../harness/eventually.ts";
import { useApi } from "../harness/process/start-service.ts";
import { CRM, send } from "./scene.ts";

failOnLeaks();

const started = useApi();

const post = (path: string, body?: unknown, headers = {}): Promise<Answer> =>
  send(started.writer, "POST", `/endpoints/${path}`, body, headers);

const create = (uid: string, more = {}): Promise<Answer> =>
  send(started.writer, "PUT", `/endpoints/${uid}`, { ...CRM, ...more });

test("a pause holds events from then on, and its end says since when they were held", async () => {
  await create("paused");
  const paused = await post("paused/pause");
  expect(paused).toMatchObject({ status: 200, body: { state: "paused", version: 2 } });
  const { state_since: since } = paused.body as { state_since: string };
  expect(paused.body).toMatchObject({ held_since: since, updated_at: since });
  expect((await post("paused/pause", {})).body).toEqual(paused.body);
  const resumed = await post("paused/resume", { recover: "none" });
  expect(resumed).toMatchObject({
    status: 200,
    body: { state: "healthy", version: 3, events_were_held_since: since },
  });
  expect(resumed.body).not.toHaveProperty("held_since");
  expect((await post("paused/resume")).body).toMatchObject({
    version: 3,
    events_were_held_since: null,
  });
});

test("a disabled endpoint discards events, or holds them; only enable switches it on", async () => {
  await create("off");
  const discarding = await post("off/disable");
  expect(discarding.body).toMatchObject({ state: "disabled", version: 2 });
  expect(discarding.body).not.toHaveProperty("held_since");
  for (const name of ["pause", "resume"]) {
    expect(await post(`off/${name}`)).toMatchObject(problem(409, "endpoint_disabled"));
  }
  expect(await post("off/test-event")).toMatchObject(problem(409, "endpoint_disabled"));
  const holding = await post("off/disable", { events: "hold" });
  expect(holding.body).toMatchObject({ version: 3, held_since: expect.any(String) });
  const { held_since } = holding.body as { held_since: string };
  expect((await post("off/enable")).body).toMatchObject({
    state: "healthy",
    events_were_held_since: held_since,
  });
});

test("what is held since a pause stays held when the endpoint is disabled and holds", async () => {
  await create("both");
  const paused = await post("both/pause");
  const disabled = await post("both/disable", { events: "hold" });
  expect(disabled.body).toMatchObject({
    state: "disabled",
    held_since: paused.body?.["held_since"],
  });
  expect(disabled.body?.["state_since"]).not.toBe(paused.body?.["state_since"]);
});

test("a switch counts under If-Match, and once for its Idempotency-Key", async () => {
  await create("once");
  const stale = await post("once/pause", undefined, { "if-match": '"7"' });
  expect(stale).toMatchObject(problem(412, "precondition_failed"));
  const headers = { "idempotency-key": "pause-once", "if-match": '"1"' };
  const paused = await post("once/pause", undefined, headers);
  await post("once/resume");
  const again = await post("once/pause", undefined, headers);
  expect(again.headers.get("idempotency-replayed")).toBe("true");
  expect(again).toMatchObject({ status: 200, body: paused.body });
  expect((await started.reader.get("/endpoints/once")).body).toMatchObject({ state: "healthy" });
});

test("a change of settings leaves the switch as it is", async () => {
  await create("set");
  await post("set/pause");
  const put = await create("set", { agents: ["a1"] });
  expect(put.body).toMatchObject({ state: "paused", agents: ["a1"] });
});

const keysIn = ({ body }: Answer) => (body?.["signing"] ?? []) as Record<string, string>[];

test("a rotated secret is shown once, and those before sign until the overlap is over", async () => {
  const created = await create("signed");
  const [first] = keysIn(created);
  const rotated = await post("signed/rotate-secret", { overlap: "1h" });
  expect(rotated).toMatchObject({
    status: 200,
    body: { signing_secret: expect.stringMatching(/^whsec_/), version: 2 },
  });
  expect(rotated.body?.["signing_secret"]).not.toBe(created.body?.["signing_secret"]);
  const [key, before] = keysIn(rotated);
  expect(before).toMatchObject({ id: first?.["id"], expires_at: expect.any(String) });
  const overlapMs =
    Date.parse(before?.["expires_at"] ?? "") - Date.parse(key?.["created_at"] ?? "");
  expect(overlapMs).toBe(3_600_000);
  // Without a body it is a day; with an overlap of 0s the ones before sign no more.
  const next = await post("signed/rotate-secret");
  expect(next.body?.["signing"]).toHaveLength(3);
  const own = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const alone = await post("signed/rotate-secret", { overlap: "0s", signing_secret: own });
  expect(alone.body).toMatchObject({ signing_secret: own, signing: [{ scheme: "v1" }] });
  expect(alone.body?.["signing"]).toHaveLength(1);
  // The same secret again is no change.
  const same = await post("signed/rotate-secret", { overlap: "0s", signing_secret: own });
  expect(same.body?.["version"]).toBe(alone.body?.["version"]);
  const v1a = await post("signed/rotate-secret", { scheme: "v1a" });
  expect(v1a.body).toMatchObject({ signing_public_key: expect.stringMatching(/^whpk_/) });
  expect(v1a.body).not.toHaveProperty("signing_secret");
});

test("four secrets sign at once, and no fifth", async () => {
  await create("many");
  for (let n = 2; n <= 4; n += 1) expect((await post("many/rotate-secret")).status).toBe(200);
  const fifth = await post("many/rotate-secret");
  expect(fifth).toMatchObject(problem(409, "too_many_signing_secrets"));
});

test("while a dispatcher runs that knows no endpoints, none is created, set, resumed or enabled", async () => {
  await create("before");
  await post("before/pause");
  const client = await connectTo(started.server);
  const refused = await eventually(async () => {
    client.nc.publish("dispatchers.alive.old", "");
    const answer = await post("before/resume");
    if (answer.status !== 503) throw new Error(`got ${answer.status}`);
    return answer;
  });
  await client.close();
  expect(refused).toMatchObject(problem(503, "dispatchers_outdated"));
  expect(refused.headers.get("retry-after")).toBe("10");
  const others = [
    send(started.writer, "POST", "/endpoints", CRM),
    create("before"),
    create("new"),
    post("before/enable"),
    post("before/test-event"),
  ];
  for (const answer of await Promise.all(others)) {
    expect(answer).toMatchObject(problem(503, "dispatchers_outdated"));
  }
  expect(await post("before/disable")).toMatchObject({ status: 200 });
  const patched = await send(started.writer, "PATCH", "/endpoints/before", { agents: ["a"] });
  expect(patched.status).toBe(200);
});
