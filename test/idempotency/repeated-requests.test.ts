import { createHash, randomUUID } from "node:crypto";
import type { CommandRecord } from "@ringback/contracts/streams/request-record";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { connectTo } from "../harness/nats/nats-client.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";
import { messagesIn } from "../security/secrets/stored-messages.ts";
import { type Answer, editOf, problem } from "../harness/api-client.ts";
import { type StartedService, startOn } from "../harness/process/start-service.ts";

failOnLeaks();

let server: NatsServer;
let one: StartedService;
let other: StartedService;
beforeAll(async () => {
  server = await startNatsServer();
  one = await startOn(server);
  other = await startOn(server, { keysFile: one.keysFile });
  await one.admin.post({ agent_id: "bob", agent_display_name: "Bob" });
});
afterAll(async () => {
  await Promise.all([one.service.stop(), other.service.stop()]);
  await server.stop();
});

type Headers = Readonly<Record<string, string>>;

const send = (at: StartedService, method: string, body: unknown, headers: Headers, path = "") =>
  at.admin.raw(`/agent/v1${path}`, {
    method,
    headers: { "content-type": "application/json", ...headers },
    body: body === undefined ? null : JSON.stringify(body),
  });

const patch = (n: number | string, headers: Headers, at = one, agentId = "bob") =>
  send(at, "PATCH", editOf(agentId, `https://a.example.com/${n}`), headers);

const register = (name: string, headers: Headers = {}, at = one) =>
  send(at, "POST", { agent_id: name, agent_display_name: name }, headers);

const removeIf = (name: string, tag: string) =>
  send(one, "DELETE", undefined, { "if-match": tag }, `/${name}`);

const etagOf = ({ headers }: Answer) => headers.get("etag");
const isReplay = ({ headers }: Answer) => headers.get("idempotency-replayed") === "true";

describe("If-Match", () => {
  test("lets a change through that was made over the present version, and no other", async () => {
    await register("matched");
    const first = await patch(1, { "if-match": '"1"' }, one, "matched");
    expect([first.status, etagOf(first)]).toEqual([200, '"2"']);
    for (const stale of ['"1"', 'W/"2"', '"1", "3"', '"02"']) {
      const refused = await patch(2, { "if-match": stale }, other, "matched");
      expect(refused).toMatchObject(problem(412, "precondition_failed"));
      expect(refused.body?.["detail"]).toContain('ETag "2"');
    }
    expect((await patch(2, { "if-match": '"1", "2"' }, one, "matched")).status).toBe(200);
    expect((await patch(3, { "if-match": "*" }, one, "matched")).status).toBe(200);
    const read = await one.reader.get("/agent/v1/matched");
    expect([read.body?.["version"], etagOf(read)]).toEqual([4, '"4-redacted"']);
  });

  test("holds among many at once, over several instances: one wins", async () => {
    await register("raced");
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        patch(n, { "if-match": '"1"' }, n % 2 === 0 ? one : other, "raced"),
      ),
    );
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([200, ...Array.from({ length: 19 }, () => 412)]);
    const winner = answers.find(({ status }) => status === 200);
    const { body } = await one.reader.get("/agent/v1/raced");
    expect(body?.["event_subscriptions"]).toEqual(winner?.body?.["event_subscriptions"]);
  });

  test("holds for DELETE and POST, and does not hide that there is no such agent", async () => {
    await register("ended");
    expect(await removeIf("ended", '"7"')).toMatchObject(problem(412, "precondition_failed"));
    expect(await register("ended", { "if-match": '"7"' })).toMatchObject(
      problem(412, "precondition_failed"),
    );
    expect((await removeIf("ended", '"1"')).status).toBe(204);
    expect(await removeIf("ended", '"1"')).toMatchObject(problem(404, "agent_not_found"));
  });

  test.each(["1", '"1', "", '*, "1"', "'1'"])(
    "that is %s is refused with what was expected",
    async (tag) => {
      const answer = await patch(1, { "if-match": tag });
      expect(answer).toMatchObject(problem(400, "bad_request"));
      expect(answer.body?.["detail"]).toContain("If-Match");
    },
  );

  test("and If-None-Match answers 304 where the caller has the present version", async () => {
    const { headers } = await one.reader.get("/agent/v1/bob");
    const ask = (tag: string) =>
      one.reader.raw("/agent/v1/bob", { headers: { "if-none-match": tag } });
    for (const tag of [headers.get("etag") ?? "", `W/${headers.get("etag")}`, "*"]) {
      const answer = await ask(tag);
      expect([answer.status, answer.body, etagOf(answer)]).toEqual([
        304,
        null,
        headers.get("etag"),
      ]);
    }
    expect((await ask('"999"')).status).toBe(200);
    // Whoever sees secrets sees other bytes: a tag of one is none of the other, and both are the version.
    const whole = etagOf(await one.admin.get("/agent/v1/bob")) ?? "";
    expect(whole).not.toBe(headers.get("etag"));
    expect((await ask(whole)).status).toBe(200);
    for (const tag of [whole, headers.get("etag") ?? ""]) {
      const headersOfPatch = { "content-type": "application/json", "if-match": tag };
      const body = JSON.stringify({
        operation: "remove_event_subscriptions",
        agent_id: "bob",
        event_types: ["client_analysis_completed"],
      });
      const init = { method: "PATCH", headers: headersOfPatch, body };
      expect((await one.admin.raw("/agent/v1", init)).status).toBe(200);
    }
    expect(await ask("x")).toMatchObject(problem(400, "bad_request"));
  });
});

describe("Idempotency-Key", () => {
  test("makes one signing secret, which the repeated answer does not show again", async () => {
    await register("signing");
    await patch(1, {}, one, "signing");
    const headers = { "idempotency-key": randomUUID() };
    const body = { operation: "rotate_signing_secret", agent_id: "signing" };
    const first = await send(one, "PATCH", body, headers);
    const again = await send(other, "PATCH", body, headers);
    expect([first.status, again.status, isReplay(first), isReplay(again)]).toEqual([
      200,
      200,
      false,
      true,
    ]);
    expect(first.body).toHaveProperty("signing_secret");
    const { signing_secret: _shownOnce, ...agent } = first.body ?? {};
    expect(again.body).toEqual(agent);
    const read = await one.reader.get("/agent/v1/signing");
    expect(read.body?.["event_subscriptions"]).toEqual(agent["event_subscriptions"]);
  });

  test("gives the first answer again, by any instance and after a restart, and changes nothing", async () => {
    const key = { "idempotency-key": randomUUID() };
    await register("once");
    await patch("before", {}, one, "once");
    const first = await patch("keyed", key, one, "once");
    expect([first.status, isReplay(first)]).toEqual([200, false]);
    expect(first.body?.["replaced"]).toMatchObject([
      { callback_url: "https://a.example.com/before" },
      {},
      {},
      {},
    ]);
    await patch("after", {}, one, "once");
    for (const at of [one, other]) {
      const again = await patch("keyed", key, at, "once");
      expect(again).toMatchObject({ status: 200, body: first.body });
      expect([isReplay(again), etagOf(again)]).toEqual([true, etagOf(first)]);
    }
    await other.service.stop();
    other = await startOn(server, { keysFile: one.keysFile });
    expect(await patch("keyed", key, other, "once")).toMatchObject({ body: first.body });
    const { body } = await one.reader.get("/agent/v1/once");
    expect(body?.["version"]).toBe(4);
    expect(JSON.stringify(body)).toContain("https://a.example.com/after");
  });

  test("finds a change again that was stored by a process that ended before it could note so", async () => {
    const key = randomUUID();
    await register("broken-off");
    await patch("before", {}, one, "broken-off");
    // Another workspace's request with the same key is none of this.
    const theirs = { agent_id: "theirs", agent_display_name: "Theirs" };
    await one.other.raw("/agent/v1", {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": key },
      body: JSON.stringify(theirs),
    });
    const first = await patch("keyed", { "idempotency-key": key }, one, "broken-off");
    await patch("after", {}, one, "broken-off");
    const client = await connectTo(server);
    const subject = `requests.acme.${createHash("sha256").update(key).digest("hex")}`;
    const note = await client.jsm.direct.getMessage("REQUESTS", { last_by_subj: subject });
    const { request_hash, agent_id, after_seq } = note?.json<CommandRecord>() ?? {};
    const claim = { kind: "claimed", request_hash, agent_id, after_seq };
    const claimedAt = (ms: number) =>
      client.js.publish(subject, JSON.stringify({ ...claim, at: new Date(ms).toISOString() }));

    await claimedAt(Date.now());
    const waiting = await patch("keyed", { "idempotency-key": key }, other, "broken-off");
    expect(waiting).toMatchObject(problem(409, "request_in_progress"));
    await claimedAt(Date.now() - 60_000);
    await client.close();
    const again = await patch("keyed", { "idempotency-key": key }, other, "broken-off");
    expect(again).toMatchObject({ status: 200, body: first.body });
    expect(isReplay(again)).toBe(true);
    const { body } = await one.reader.get("/agent/v1/broken-off");
    expect(body?.["version"]).toBe(4);
    expect(JSON.stringify(body)).toContain("https://a.example.com/after");
  });

  test("is the same key in quotes, and the same request in another order of its fields", async () => {
    const key = randomUUID();
    const headers = { "x-a": "1", "x-b": "2" };
    const sub = { event_type: "call_completed", callback_url: "https://a.example.com/q", headers };
    const body = {
      operation: "edit_event_subscriptions",
      agent_id: "bob",
      event_subscriptions: [sub],
    };
    await send(one, "PATCH", body, { "idempotency-key": key });
    const other_order = { ...sub, headers: { "x-b": "2", "x-a": "1" } };
    const turned = {
      event_subscriptions: [other_order],
      agent_id: "bob",
      operation: body.operation,
    };
    const again = await send(one, "PATCH", turned, { "idempotency-key": `"${key}"` });
    expect([again.status, isReplay(again)]).toEqual([200, true]);
  });

  test("gives an agent without an id the same id again", async () => {
    const key = { "idempotency-key": randomUUID() };
    const body = { agent_display_name: "Unnamed" };
    const first = await send(one, "POST", body, key);
    const again = await send(other, "POST", body, key);
    expect(first.status).toBe(201);
    expect(again).toMatchObject({ status: 201, body: first.body });
    expect(again.headers.get("location")).toBe(first.headers.get("location"));
    expect(first.headers.get("location")).toContain(String(first.body?.["agent_id"]));
  });

  test("gives a rejection again", async () => {
    const key = { "idempotency-key": randomUUID() };
    const early = await patch(1, key, one, "late");
    expect(early).toMatchObject(problem(404, "agent_not_found"));
    await register("late");
    const again = await patch(1, key, one, "late");
    expect(again).toMatchObject(problem(404, "agent_not_found"));
    expect(isReplay(again)).toBe(true);
  });

  test("of another request is refused, and belongs to one workspace", async () => {
    const key = { "idempotency-key": randomUUID() };
    expect((await register("keyed", key)).status).toBe(201);
    const reused = problem(422, "idempotency_key_reused");
    expect(await register("keyed-2", key)).toMatchObject(reused);
    expect(await patch(1, key, other)).toMatchObject(reused);
    expect(await register("keyed", { ...key, "if-match": "*" })).toMatchObject(reused);
    const body = { agent_id: "keyed-2", agent_display_name: "Theirs" };
    const theirs = await one.other.raw("/agent/v1", {
      method: "POST",
      headers: { "content-type": "application/json", ...key },
      body: JSON.stringify(body),
    });
    expect([theirs.status, isReplay(theirs)]).toEqual([201, false]);
  });

  test("sent many times at once changes once; the others are answered the same, or to ask again", async () => {
    await register("stormed");
    const key = { "idempotency-key": randomUUID() };
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => patch("x", key, n % 2 === 0 ? one : other, "stormed")),
    );
    const done = answers.filter(({ status }) => status === 200);
    expect(done.filter((answer) => !isReplay(answer))).toHaveLength(1);
    for (const { body } of done) expect(body).toEqual(done[0]?.body);
    for (const waiting of answers.filter(({ status }) => status !== 200)) {
      expect(waiting).toMatchObject(problem(409, "request_in_progress"));
      expect(waiting.headers.get("retry-after")).toBe("1");
    }
    expect((await one.reader.get("/agent/v1/stormed")).body?.["version"]).toBe(2);
  });

  test("is refused where it is none, before anything is changed", async () => {
    for (const key of ["", " ", "a b", '"a', "é", "x".repeat(256)]) {
      const answer = await register("never", { "idempotency-key": key });
      expect(answer).toMatchObject(problem(400, "bad_request"));
      expect(answer.body?.["detail"]).toContain("1 to 255");
    }
    expect((await one.reader.get("/agent/v1/never")).status).toBe(404);
  });

  test("and what it was sent with are kept as hashes", async () => {
    const key = "s3cret-key-1";
    const { body } = await send(
      one,
      "PATCH",
      {
        operation: "edit_event_subscriptions",
        agent_id: "bob",
        event_subscriptions: [
          {
            event_type: "call_completed",
            callback_url: "https://a.example.com/?q=s3cret-query",
            headers: { "x-token": "s3cret-header" },
          },
        ],
      },
      { "idempotency-key": key },
    );
    expect(JSON.stringify(body)).toContain("s3cret-header");
    const client = await connectTo(server);
    const requests = await messagesIn(client, "REQUESTS");
    await client.close();
    expect(requests.length).toBeGreaterThan(5);
    expect(requests.map(({ text }) => text).join("\n")).not.toContain("s3cret");
  });
});
