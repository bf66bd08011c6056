import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { beforeAll, describe, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { editOf, problem } from "../harness/api-client.ts";
import { useApi } from "../harness/process/start-service.ts";

failOnLeaks();

const started = useApi();
beforeAll(async () => {
  await started.admin.post({ agent_id: "bob", agent_display_name: "Bob" });
});

const SUB = { event_type: "call_completed", callback_url: "https://a.example.com/" };
const edit = (event_subscriptions: unknown, rest: object = {}) => ({
  operation: "edit_event_subscriptions",
  agent_id: "bob",
  event_subscriptions,
  ...rest,
});
const sub = (rest: object) => edit([{ ...SUB, ...rest }]);
const first = (field: string) => `event_subscriptions.0.${field}`;

describe("a PATCH is refused with the path of what is wrong", () => {
  test.each([
    ["an unknown operation", { operation: "drop", agent_id: "bob" }, ["operation"]],
    ["no operation", {}, ["operation"]],
    ["an unknown field", edit([SUB], { extra: 1 }), ["extra"]],
    ["an unknown field of a subscription", sub({ url: "x" }), [first("url")]],
    ["no agent", edit([SUB], { agent_id: undefined }), ["agent_id"]],
    ["what is no id", edit([SUB], { agent_id: "a.*" }), ["agent_id"]],
    ["an empty list", edit([]), ["event_subscriptions"]],
    ["no list", edit({}), ["event_subscriptions"]],
    ["no event type's name", sub({ event_type: "Call" }), [first("event_type")]],
    ["an unknown event type", sub({ event_type: "kyc_begun" }), [first("event_type")]],
    ["an unknown one of several", sub({ event_type: ["kyc_begun"] }), [first("event_type.0")]],
    ["no event type at all", sub({ event_type: [] }), [first("event_type")]],
    ["an unknown method", sub({ method_type: "GET" }), [first("method_type")]],
    ["an unknown mode", edit([SUB], { mode: "append" }), ["mode"]],
    ["another wish for conflicts", edit([SUB], { on_conflict: "skip" }), ["on_conflict"]],
    ["no URL", sub({ callback_url: undefined }), [first("callback_url")]],
    ["plain http", sub({ callback_url: "http://a.example.com/" }), [first("callback_url")]],
    ["an address", sub({ callback_url: "https://127.0.0.1/" }), [first("callback_url")]],
    ["a local name", sub({ callback_url: "https://localhost/" }), [first("callback_url")]],
    ["a header of ours", sub({ headers: { Host: "x" } }), [first("headers.Host")]],
    ["a header with a newline", sub({ headers: { "X-A": "a\nb" } }), [first("headers.X-A")]],
    ["a header that is no text", sub({ headers: { "X-A": 1 } }), [first("headers.X-A")]],
    ["headers that are a list", sub({ headers: ["X-A"] }), [first("headers")]],
    ["a timeout out of bounds", sub({ delivery: { timeout: "31s" } }), [first("delivery.timeout")]],
    [
      "several things of a delivery policy",
      sub({ delivery: { retry_delays: ["10s", 60], rate_limit: { per_second: 1 }, retries: 3 } }),
      ["retry_delays.1", "rate_limit.burst", "retries"].map((name) => first(`delivery.${name}`)),
    ],
    ["a delivery policy that is none", sub({ delivery: "fast" }), [first("delivery")]],
    [
      "several things at once",
      edit(
        [
          { callback_url: "ftp://x", event_type: "X" },
          { ...SUB, headers: { Via: "", A: 1 } },
        ],
        {
          agent_id: "",
          more: true,
        },
      ),
      [
        "agent_id",
        first("event_type"),
        first("callback_url"),
        "event_subscriptions.1.headers.A",
        "event_subscriptions.1.headers.Via",
        "more",
      ],
    ],
    ["51 subscriptions", edit(Array.from({ length: 51 }, () => SUB)), ["event_subscriptions"]],
    [
      "an empty list of types to remove",
      { operation: "remove_event_subscriptions", agent_id: "bob", event_types: [] },
      ["event_types"],
    ],
    ["a list as body", [], [""]],
  ])("%s", async (_what, body, paths) => {
    const answer = await started.writer.patch(body);
    expect(answer).toMatchObject(problem(422, "validation_failed"));
    const errors = answer.body?.["errors"] as { path: string; message: string }[];
    expect(errors.map(({ path }) => path)).toEqual(paths);
    expect(errors.every(({ message }) => message.length > 0)).toBe(true);
  });
});

test("an event type may be named once in a request", async () => {
  const types = ["recording_completed", "call_completed"];
  const answer = await started.writer.patch(edit([SUB, { ...SUB, event_type: types }]));
  expect(answer).toMatchObject(problem(422, "duplicate_event_type"));
  expect(answer.body?.["errors"]).toMatchObject([{ path: "event_subscriptions.1.event_type.1" }]);
  const event_types = ["call_completed", "call_completed"];
  const removing = { operation: "remove_event_subscriptions", agent_id: "bob", event_types };
  expect(await started.writer.patch(removing)).toMatchObject(problem(422, "duplicate_event_type"));
});

test.each([
  [{}, ["agent_display_name"]],
  [{ agent_id: "a b", agent_display_name: "" }, ["agent_id", "agent_display_name"]],
  [{ agent_display_name: "x".repeat(257) }, ["agent_display_name"]],
  [{ agent_display_name: "Bob", name: "Bob" }, ["name"]],
])("registering with %j is refused at %j", async (body, paths) => {
  const answer = await started.admin.post(body);
  expect(answer).toMatchObject(problem(422, "validation_failed"));
  expect(answer.body?.["errors"]).toMatchObject(paths.map((path) => ({ path })));
});

test.each([
  ["limit=0", "limit"],
  ["limit=201", "limit"],
  ["limit=all", "limit"],
  ["cursor=abc", "cursor"],
  ["offset=1", "offset"],
])("a list with %s is refused", async (query, path) => {
  const answer = await started.reader.get(`/assistant?${query}`);
  expect(answer).toMatchObject(problem(422, "validation_failed"));
  expect(answer.body?.["errors"]).toMatchObject([{ path }]);
});

test("an unknown agent is not found by any call", async () => {
  const { admin } = started;
  for (const id of ["nobody", "no.id", "%2F..%2Fbob", "x".repeat(300)]) {
    expect(await admin.get(`/agent/v1/${id}`)).toMatchObject(problem(404, "agent_not_found"));
    expect(await admin.delete(`/agent/v1/${id}`)).toMatchObject(problem(404, "agent_not_found"));
  }
  const url = "https://a.example.com/";
  expect(await admin.patch(editOf("nobody", url))).toMatchObject(problem(404, "agent_not_found"));
  const removing = { operation: "remove_event_subscriptions", event_types: ["call_completed"] };
  expect(await admin.patch({ ...removing, agent_id: "nobody" })).toMatchObject(
    problem(404, "agent_not_found"),
  );
});

const send = (path: string, method: string, contentType?: string, body?: string) =>
  started.admin.raw(path, {
    method,
    headers: contentType === undefined ? {} : { "content-type": contentType },
    body: body ?? null,
  });

test("a body that is not JSON is refused", async () => {
  for (const body of ["{", "", "{'a': 1}", '{"__proto__": {}}']) {
    const answer = await send("/agent/v1", "PATCH", "application/json", body);
    expect(answer).toMatchObject(problem(400, "invalid_json"));
  }
});

test("a body of another type is refused", async () => {
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "text/json", "x"]) {
    const answer = await send("/agent/v1", "PATCH", type, "{}");
    expect(answer).toMatchObject(problem(415, "unsupported_media_type"));
  }
});

const json = (bytes: number) => JSON.stringify({ a: "x".repeat(bytes - 8) });

test("a body over 256 KiB is refused and one below it is read", async () => {
  const limit = 256 * 1024;
  const over = await send("/agent/v1", "PATCH", "application/json", json(limit + 1));
  expect(over).toMatchObject(problem(413, "payload_too_large"));
  const below = await send("/agent/v1", "PATCH", "application/json", json(limit));
  expect(below).toMatchObject(problem(422, "validation_failed"));
});

test("a known path says which methods it takes", async () => {
  const allowed = { "/agent/v1": "PATCH, POST", "/agent/v1/x": "DELETE, GET, HEAD" };
  for (const [path, allow] of Object.entries({ ...allowed, "/assistant": "GET, HEAD" })) {
    const answer = await send(path, "PUT", "text/plain", "x");
    expect(answer).toMatchObject(problem(405, "method_not_allowed"));
    expect(answer.headers.get("allow")).toBe(allow);
  }
});

test("an unknown path is not found, and one that cannot be decoded is a bad request", async () => {
  expect(await started.admin.get("/agents")).toMatchObject(problem(404, "not_found"));
  expect(await started.admin.get("/agent/v1/x/y")).toMatchObject(problem(404, "not_found"));
  expect(await started.admin.get("/agent/v1/%ZZ")).toMatchObject(problem(400, "bad_request"));
});

test("what is no HTTP request gets a problem too", async () => {
  const { hostname, port } = new URL(started.service.httpUrl());
  const socket = connect(Number(port), hostname);
  socket.end("NOT HTTP\r\n\r\n");
  const answer = await text(socket);
  expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\ncontent-type: application\/problem\+json/);
  expect(JSON.parse(answer.split("\r\n\r\n")[1] ?? "")).toMatchObject({ code: "bad_request" });
});

test("every answer carries the id of its request, which is in the log", async () => {
  const { service, reader } = started;
  const id = (await reader.get("/agent/v1/nobody")).headers.get("x-request-id");
  const line = await service.waitForLog((one) => one["request_id"] === id);
  expect(line).toMatchObject({
    msg: "http.request",
    method: "GET",
    route: "/ca/api/v0/agent/v1/:agent_id",
    status: 404,
    workspace_id: "acme",
    key_id: started.keysFile.keys[2]?.split("_")[1],
    duration_ms: expect.any(Number),
  });
});

test("nothing of all that has changed the agent", async () => {
  const { body } = await started.reader.get("/agent/v1/bob");
  expect(body).toMatchObject({ version: 1, event_subscriptions: [] });
});

test("a problem has exactly the fields of one", async () => {
  const unknown = await started.reader.get("/agent/v1/nobody");
  expect(Object.keys(unknown.body ?? {})).toEqual(["type", "title", "status", "code", "detail"]);
  const invalid = await started.writer.patch({});
  expect(Object.keys(invalid.body ?? {})).toEqual([...Object.keys(unknown.body ?? {}), "errors"]);
});
