import { afterAll, beforeAll, expect, test } from "vitest";
import { problem } from "../harness/api-client.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { callWith, startAccess, type AccessScene } from "./scene.ts";

failOnLeaks();

let scene: AccessScene;
beforeAll(async () => {
  scene = await startAccess();
});
afterAll(() => scene.stop());

const IN_ACME = { "x-workspace-id": "acme" };
const IN_ALL = { "x-workspace-id": "*" };

const byOperator = (
  call: readonly [string, string, unknown?],
  headers: Readonly<Record<string, string>> = {},
) => callWith(scene.one, scene.operator, call, headers);

/** A key of the workspace `other`, and the workspace that it names. */
const readAs = (id: string) =>
  callWith(scene.one, scene.theirs, ["GET", "/assistant"], { "x-workspace-id": id });

test("an operator names the workspace of each call, and its changes are signed with its key", async () => {
  const agent = { agent_id: "bob", agent_display_name: "Bob" };
  const register = ["POST", "/agent/v1", agent] as const;
  expect(await byOperator(register)).toMatchObject(problem(400, "workspace_required"));
  expect((await byOperator(register, IN_ACME)).status).toBe(201);
  expect((await callWith(scene.one, scene.reader, ["GET", "/agent/v1/bob"])).status).toBe(200);
  expect((await callWith(scene.one, scene.theirs, ["GET", "/agent/v1/bob"])).status).toBe(404);
  const history = await callWith(scene.one, scene.reader, ["GET", "/agent/v1/bob/history"]);
  expect(history.body).toMatchObject({ changes: [{ actor: scene.operator.split("_")[1] }] });
});

test("a workspace that does not exist is an empty one", async () => {
  const list = await byOperator(["GET", "/assistant"], { "x-workspace-id": "nobody" });
  expect(list).toMatchObject({ status: 200, body: { agents: [] } });
});

test("a key of a workspace may name its own workspace, and no other", async () => {
  expect((await readAs("other")).status).toBe(200);
  expect(await readAs("acme")).toMatchObject(problem(403, "insufficient_scope"));
  expect(await readAs("*")).toMatchObject(problem(400, "bad_request"));
});

test("an operator makes keys of a workspace and of operators, and others make neither", async () => {
  const body = { name: "made", scopes: ["read"] };
  const post = (more: object) => ["POST", "/api-keys", { ...body, ...more }] as const;
  expect(await byOperator(post({}))).toMatchObject(problem(400, "workspace_required"));
  const acme = await byOperator(post({ workspace_id: "acme" }));
  expect(acme).toMatchObject({ status: 201, body: { workspace_id: "acme" } });
  const all = await byOperator(post({}), IN_ALL);
  expect(all).toMatchObject({ status: 201, body: { workspace_id: "*" } });
  const named = await byOperator(post({ workspace_id: "*" }));
  expect(named).toMatchObject({ status: 201, body: { workspace_id: "*" } });
  for (const workspace_id of ["*", "other"]) {
    const refused = await callWith(scene.one, scene.admin, post({ workspace_id }));
    expect(refused).toMatchObject(problem(403, "insufficient_scope"));
  }
  const contrary = await byOperator(post({ workspace_id: "other" }), IN_ACME);
  expect(contrary).toMatchObject(problem(403, "insufficient_scope"));
  const key = String(all.body?.["key"]);
  const me = await callWith(scene.one, key, ["GET", "/me"]);
  expect(me.body).toMatchObject({ operator: true, workspace_id: "*", permissions: ["read"] });
  expect((await callWith(scene.one, key, ["GET", "/assistant"], IN_ACME)).status).toBe(200);
});

test("operators' keys are listed and deleted by operators alone, as those of *", async () => {
  const body = { name: "ops", scopes: ["read"] };
  const { body: made } = await byOperator(["POST", "/api-keys", body], IN_ALL);
  const path = `/api-keys/${String(made?.["key_id"])}`;
  for (const headers of [{}, IN_ACME]) {
    const found = await callWith(scene.one, scene.admin, ["GET", path], headers);
    expect(found).toMatchObject(problem(404, "key_not_found"));
  }
  expect(await byOperator(["GET", "/api-keys"])).toMatchObject(problem(400, "workspace_required"));
  const list = await byOperator(["GET", "/api-keys"], IN_ALL);
  expect(JSON.stringify(list.body)).toContain('"name":"ops"');
  const ofAcme = await byOperator(["GET", "/api-keys"], IN_ACME);
  expect(JSON.stringify(ofAcme.body)).not.toContain('"name":"ops"');
  expect((await byOperator(["DELETE", path], IN_ALL)).status).toBe(204);
});

test("a repeated request of an operator makes one key", async () => {
  const headers = { ...IN_ALL, "idempotency-key": "the-same" };
  const post = ["POST", "/api-keys", { name: "once", scopes: ["read"] }] as const;
  const [first, again] = [await byOperator(post, headers), await byOperator(post, headers)];
  expect(again.body?.["key_id"]).toBe(first.body?.["key_id"]);
  expect(again.body).not.toHaveProperty("key");
});
