import { afterAll, beforeAll, expect, test } from "vitest";
import { problem } from "../harness/api-client.ts";
import { connectTo } from "../harness/nats/nats-client.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { callWith, startAccess, type AccessScene } from "./scene.ts";

failOnLeaks();

let scene: AccessScene;
beforeAll(async () => {
  scene = await startAccess();
});
afterAll(() => scene.stop());

const post = (body: unknown, key = scene.admin) =>
  callWith(scene.one, key, ["POST", "/api-keys", body]);

const GOOD = { name: "good", scopes: ["read"] };

test.each<[string, object, string]>([
  ["no name", { scopes: ["read"] }, "name"],
  ["an empty name", { ...GOOD, name: "  " }, "name"],
  ["a long name", { ...GOOD, name: "x".repeat(121) }, "name"],
  ["a name with NUL", { ...GOOD, name: "a\u0000b" }, "name"],
  ["no scope", { name: "x" }, "scopes"],
  ["an empty list of scopes", { ...GOOD, scopes: [] }, "scopes"],
  ["an unknown scope", { ...GOOD, scopes: ["root"] }, "scopes.0"],
  ["a capability of portals", { ...GOOD, scopes: ["secrets"] }, "scopes.0"],
  ["no agents", { ...GOOD, agents: [] }, "agents"],
  ["all agents", { ...GOOD, agents: ["*"] }, "agents.0"],
  [
    "too many agents",
    { ...GOOD, agents: Array.from({ length: 201 }, (_, n) => `a${n}`) },
    "agents",
  ],
  ["the past", { ...GOOD, expires_at: "2020-01-01" }, "expires_at"],
  ["so long ago", { ...GOOD, expires_at: "2h" }, "expires_at"],
  ["no time", { ...GOOD, expires_at: 5 }, "expires_at"],
  ["no workspace", { ...GOOD, workspace_id: "a.b" }, "workspace_id"],
  ["a field of one's own", { ...GOOD, key_id: "mine" }, "key_id"],
  ["a secret of one's own", { ...GOOD, key: "rb_x_y" }, "key"],
])("a key with %s is refused with the field", async (_what, body, path) => {
  const answer = await post(body);
  expect(answer).toMatchObject(problem(422, "validation_failed"));
  expect(answer.body?.["errors"]).toContainEqual(expect.objectContaining({ path }));
});

test("the last moment of time is a time", async () => {
  const made = await post({ ...GOOD, expires_at: "9999-12-31T23:59:59Z" });
  expect(made).toMatchObject({ status: 201, body: { expires_at: "9999-12-31T23:59:59.000Z" } });
});

test("only an admin makes, sees and ends keys", async () => {
  const scopes = ["read", "payloads", "write", "redeliver", "publish"];
  const { body } = await post({ name: "all but admin", scopes });
  const key = String(body?.["key"]);
  const path = `/api-keys/${String(body?.["key_id"])}`;
  for (const call of [
    ["POST", "/api-keys", GOOD],
    ["GET", "/api-keys"],
    ["GET", path],
    ["DELETE", path],
    ["POST", `${path}/rotate`],
  ] as const) {
    expect(await callWith(scene.one, key, call)).toMatchObject(problem(403, "insufficient_scope"));
  }
});

test("a key of another workspace is not there", async () => {
  const { body } = await post(GOOD, scene.theirs);
  const path = `/api-keys/${String(body?.["key_id"])}`;
  for (const [method, more] of [
    ["GET", ""],
    ["DELETE", ""],
    ["POST", "/rotate"],
  ] as const) {
    const answer = await callWith(scene.one, scene.admin, [method, `${path}${more}`]);
    expect(answer).toMatchObject(problem(404, "key_not_found"));
  }
  for (const id of ["%00", "..", "a%2Fb", "x".repeat(3_000)]) {
    const answer = await callWith(scene.one, scene.admin, ["GET", `/api-keys/${id}`]);
    expect(answer.status).toBe(404);
  }
  expect((await callWith(scene.one, String(body?.["key"]), ["GET", "/me"])).status).toBe(200);
});

test("a key that is bound to agents makes none that is bound to others, or to none", async () => {
  const bound = await post({ name: "bound", scopes: ["admin"], agents: ["a1", "a2"] });
  const key = String(bound.body?.["key"]);
  expect(await post(GOOD, key)).toMatchObject(problem(403, "insufficient_scope"));
  const others = await post({ ...GOOD, agents: ["a1", "b"] }, key);
  expect(others).toMatchObject(problem(403, "insufficient_scope"));
  const own = await post({ ...GOOD, agents: ["a1"] }, key);
  expect(own).toMatchObject({ status: 201, body: { agents: ["a1"] } });
  const list = await callWith(scene.one, key, ["GET", "/api-keys"]);
  const names = ((list.body?.["api_keys"] ?? []) as { name: string }[]).map(({ name }) => name);
  expect(names.toSorted()).toEqual(["bound", "good"]);
  const path = `/api-keys/${scene.admin.split("_")[1]}`;
  expect(await callWith(scene.one, key, ["GET", path])).toMatchObject(
    problem(404, "key_not_found"),
  );
});

test("neither logs nor the stream nor any response but one has a key", async () => {
  const { body } = await post({ name: "secret", scopes: ["admin"] });
  const [key, id] = [String(body?.["key"]), String(body?.["key_id"])];
  await callWith(scene.one, key, ["GET", `/me?key=${key}`]);
  await callWith(scene.one, `${key}x`, ["GET", "/me"]);
  const rotated = await callWith(scene.one, key, [
    "POST",
    `/api-keys/${id}/rotate`,
    { overlap: key },
  ]);
  expect(rotated.status).toBe(422);
  const secret = key.split("_")[2] ?? "";
  expect(JSON.stringify(rotated.body)).not.toContain(secret);
  expect(JSON.stringify(scene.one.service.logs)).not.toContain(secret);
  const client = await connectTo(scene.server);
  const stored = await client.jsm.streams.getMessage("ACCESS", {
    last_by_subj: `access.acme.key.${id}`,
  });
  expect(new TextDecoder().decode(stored?.data)).not.toContain(secret);
  await client.close();
});

test("what other programs write to ACCESS gives nobody access, and harms nobody", async () => {
  const client = await connectTo(scene.server);
  for (const subject of [
    "access.acme.key.k1",
    "access.acme",
    "access.*.key.k1".replace("*", "=x"),
  ]) {
    await client.js.publish(subject, "{}");
    await client.js.publish(subject, "not json");
  }
  await client.close();
  const { body } = await post({ name: "after", scopes: ["read"] });
  expect((await callWith(scene.one, String(body?.["key"]), ["GET", "/me"])).status).toBe(200);
  expect(scene.one.service.logs.some(({ msg }) => msg === "access_index.invalid_message")).toBe(
    true,
  );
});

test("two instances that make keys at once make no more than a workspace may have", async () => {
  const { body } = await callWith(scene.one, scene.operator, [
    "POST",
    "/api-keys",
    { name: "filler", scopes: ["admin"], workspace_id: "full" },
  ]);
  const key = String(body?.["key"]);
  await callWith(scene.other, key, ["GET", "/api-keys"]);
  const make = async (n: number): Promise<number> => {
    const at = n % 2 === 0 ? scene.one : scene.other;
    return (await callWith(at, key, ["POST", "/api-keys", GOOD])).status;
  };
  const statuses: number[] = [];
  for (let n = 0; n < 210; n += 42) {
    statuses.push(...(await Promise.all(Array.from({ length: 42 }, (_, m) => make(n + m)))));
  }
  expect(statuses.filter((status) => status === 201)).toHaveLength(199);
  expect(statuses.filter((status) => status === 422)).toHaveLength(11);
});
