import { describe, expect, test } from "vitest";
import { problem } from "../harness/api-client.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { useApi } from "../harness/process/start-service.ts";
import { CRM, errorsIn, send } from "./scene.ts";

failOnLeaks();

const started = useApi({ env: { ENDPOINTS_PER_WORKSPACE: "3" } });

const numbered = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`n${n}`, "x"]));

/** A body, the path of what is wrong in it, and words that say what. */
const WRONG: readonly (readonly [object, string, string])[] = [
  [{ url: "http://user:pw@a.example.com/" }, "url", "https"],
  [{ url: "https://10.0.0.1/" }, "url", "not an IP address"],
  [{ url: "https://a.example.com/?<redacted>" }, "url", "redacted"],
  [{ method_type: "GET" }, "method_type", "must be one of"],
  [{ headers: { Host: "x" } }, "headers.Host", ""],
  [{ headers: { "X-A": "<redacted>" } }, "headers.X-A", "redacted"],
  [{ delivery: { timeout: "31s" } }, "delivery.timeout", "30s"],
  [{ uid: "a b" }, "uid", "1 to 128"],
  [{ uid: "ep_aaaaaaaaaaaaaaaa" }, "uid", "look like"],
  [{ uid: "match" }, "uid", "match"],
  [{ description: "x".repeat(201) }, "description", "200"],
  [{ metadata: numbered(21) }, "metadata", "20 pairs"],
  [{ metadata: { ["k".repeat(65)]: "x" } }, `metadata.${"k".repeat(65)}`, ""],
  [{ metadata: { k: "x".repeat(501) } }, "metadata.k", "500"],
  [{ metadata: { k: 7 } }, "metadata.k", "a text"],
  [{ agents: [] }, "agents", "not be empty"],
  [{ agents: ["a1", "*"] }, "agents.1", "alone"],
  [{ agents: ["a.b"] }, "agents.0", "A-Z"],
  [{ agents: ["a1", "a2", "a1"] }, "agents.2", "again"],
  [{ agents: ["_workspace"] }, "agents.0", "workspace's own"],
  [{ agents: Array.from({ length: 201 }, (_, n) => `a${n}`) }, "agents", "at most 200"],
  [{ event_types: [] }, "event_types", "not be empty"],
  [{ event_types: ["call_*ed"] }, "event_types.0", "one * at its beginning or end"],
  [{ event_types: ["call_completed", "call_completed"] }, "event_types.1", "again"],
  [{ event_types: Array.from({ length: 51 }, (_, n) => `t${n}`) }, "event_types", "at most 50"],
  [{ event_types: ["call_complete"] }, "event_types.0", "call_completed"],
  [{ event_types: ["call_started", "*_done"] }, "event_types.1", "call_completed"],
  [{ event_types: ["delivery_*"] }, "event_types.0", "call_completed"],
  [{ order: { by: "agent" } }, "order.by", "call"],
  [{ order: { by: "call", on_failure: "stop" } }, "order.on_failure", "wait"],
  [{ order: { by: "call", max_wait: "25h" } }, "order.max_wait", "24h"],
  [{ order: { by: "call", max_wait: "999ms" } }, "order.max_wait", "1s"],
  [{ callback_url: "https://a.example.com/" }, "callback_url", "not known"],
  [{ health: {} }, "health", "not known"],
  [{ signing_secret: "whsec_x" }, "signing_secret", "not known"],
];

describe("what is wrong with an endpoint is said at its path", () => {
  test.each(WRONG)("%j", async (wrong, path, words) => {
    for (const [method, at] of [
      ["POST", "/endpoints"],
      ["PUT", "/endpoints/never"],
      ["PATCH", "/endpoints/never"],
    ] as const) {
      const answer = await send(started.writer, method, at, { ...CRM, ...wrong });
      expect(answer).toMatchObject(problem(422, "validation_failed"));
      expect(errorsIn(answer)).toMatchObject({ [path]: expect.stringContaining(words) });
    }
    expect((await started.reader.get("/endpoints")).body?.["endpoints"]).toEqual([]);
  });

  test("null takes away only what is optional", async () => {
    for (const name of ["url", "method_type", "headers", "agents", "event_types"]) {
      const answer = await send(started.writer, "PATCH", "/endpoints/never", { [name]: null });
      expect(errorsIn(answer)).toHaveProperty(name);
    }
  });

  test("a secret that is refused is not repeated", async () => {
    const body = { ...CRM, headers: { "X-Key": 7, "X-Other": "s3cret\nvalue" } };
    const answer = await send(started.writer, "POST", "/endpoints", body);
    expect(answer.status).toBe(422);
    expect(JSON.stringify(answer.body)).not.toContain("s3cret");
  });
});

test("switches and rotations say what is wrong with their bodies", async () => {
  for (const [name, body, path] of [
    ["disable", { events: "lose" }, "events"],
    ["resume", { recover: "all" }, "recover"],
    ["enable", { since: "1h" }, "since"],
    ["pause", { for: "1h" }, "for"],
    ["rotate-secret", { overlap: "8d" }, "overlap"],
    ["rotate-secret", { scheme: "v2" }, "scheme"],
    ["test-event", { agent_id: "a1" }, "agent_id"],
  ] as const) {
    const answer = await send(started.writer, "POST", `/endpoints/never/${name}`, body);
    expect(answer).toMatchObject(problem(422, "validation_failed"));
    expect(errorsIn(answer)).toHaveProperty(path);
  }
});

describe("a workspace's own event types", () => {
  test("are known by name and by pattern, and are not deleted while an endpoint names them", async () => {
    const body = { ...CRM, event_types: ["kyc_done", "kyc_*"] };
    expect((await send(started.writer, "PUT", "/endpoints/kyc", body)).status).toBe(422);
    expect((await send(started.admin, "PUT", "/event-types/kyc_done", {})).status).toBe(201);
    expect((await send(started.writer, "PUT", "/endpoints/kyc", body)).status).toBe(201);
    const theirs = await send(started.other, "PUT", "/endpoints/kyc", body);
    expect(Object.keys(errorsIn(theirs))).toEqual(["event_types.0"]);
    const refused = await started.admin.delete("/event-types/kyc_done");
    expect(refused).toMatchObject(problem(409, "event_type_in_use"));
    await started.writer.delete("/endpoints/kyc");
    expect((await started.admin.delete("/event-types/kyc_done")).status).toBe(204);
  });
});

test("a workspace that has all its endpoints gets no more, until it deletes one", async () => {
  for (const uid of ["one", "two", "three"]) {
    expect((await send(started.writer, "PUT", `/endpoints/${uid}`, CRM)).status).toBe(201);
  }
  const further = [
    send(started.writer, "POST", "/endpoints", CRM),
    send(started.writer, "PUT", "/endpoints/four", CRM),
  ];
  for (const answer of await Promise.all(further)) {
    expect(answer).toMatchObject(problem(422, "too_many_endpoints"));
  }
  expect((await send(started.writer, "PATCH", "/endpoints/one", { agents: ["a"] })).status).toBe(
    200,
  );
  expect((await send(started.other, "PUT", "/endpoints/four", CRM)).status).toBe(201);
  expect((await started.writer.delete("/endpoints/two")).status).toBe(204);
  expect((await send(started.writer, "PUT", "/endpoints/four", CRM)).status).toBe(201);
});
