import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { problem } from "../harness/api-client.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { callWith, startAccess, type AccessScene } from "./scene.ts";

failOnLeaks();

let scene: AccessScene;
beforeAll(async () => {
  scene = await startAccess();
});
afterAll(() => scene.stop());

type Key = { readonly key_id: string; readonly key: string; readonly [field: string]: unknown };

const made = async (body: object, by = scene.admin, headers = {}): Promise<Key> => {
  const answer = await callWith(scene.one, by, ["POST", "/api-keys", body], headers);
  expect(answer).toMatchObject({ status: 201 });
  return answer.body as Key;
};

const statusOf = async (key: string, at = scene.other, path = "/assistant"): Promise<number> =>
  (await callWith(at, key, ["GET", path])).status;

/** How long the other instance takes to answer a key with this status. */
const msUntil = async (key: string, status: number): Promise<number> => {
  const startMs = performance.now();
  await eventually(async () => expect(await statusOf(key)).toBe(status), { intervalMs: 20 });
  return performance.now() - startMs;
};

test("a key is shown once, and can do what its scopes say and no more, in every instance", async () => {
  const created = await made({ name: " CRM ", scopes: ["read", "read"], expires_at: "2099-01-01" });
  expect(created.key).toMatch(/^rb_k[0-9a-f]{20}_[0-9a-f]{64}$/);
  expect(created).toMatchObject({
    key_id: created.key.split("_")[1],
    name: "CRM",
    workspace_id: "acme",
    scopes: ["read"],
    agents: null,
    source: "api",
    state: "active",
    created_by: scene.admin.split("_")[1],
    expires_at: "2099-01-01T00:00:00.000Z",
  });
  expect(await statusOf(created.key, scene.one)).toBe(200);
  await msUntil(created.key, 200);
  const patch = ["PATCH", "/agent/v1", { operation: "x" }] as const;
  expect(await callWith(scene.one, created.key, patch)).toMatchObject(
    problem(403, "insufficient_scope"),
  );
  const shown = await callWith(scene.one, scene.admin, ["GET", `/api-keys/${created.key_id}`]);
  const { key: _, ...rest } = created;
  expect(shown.body).toEqual(rest);
});

test("a key that one instance deleted is refused by the other within a second", async () => {
  const { key, key_id } = await made({ name: "short", scopes: ["read"] });
  await msUntil(key, 200);
  const remove = ["DELETE", `/api-keys/${key_id}`] as const;
  expect((await callWith(scene.one, scene.admin, remove)).status).toBe(204);
  expect(await statusOf(key, scene.one)).toBe(401);
  expect(await msUntil(key, 401)).toBeLessThan(1_000);
  expect(await callWith(scene.other, scene.admin, remove)).toMatchObject(
    problem(404, "key_not_found"),
  );
});

test("a rotated key keeps its id, and the secret before counts until the overlap is over", async () => {
  const first = await made({ name: "rotated", scopes: ["read"] });
  const rotate = ["POST", `/api-keys/${first.key_id}/rotate`, { overlap: "1h" }] as const;
  const second = await callWith(scene.one, scene.admin, rotate);
  expect(second).toMatchObject({ status: 200, body: { key_id: first.key_id, name: "rotated" } });
  expect(second.body?.["previous_valid_until"]).toEqual(expect.any(String));
  const key = String(second.body?.["key"]);
  expect(key).not.toBe(first.key);
  await msUntil(key, 200);
  expect(await statusOf(first.key)).toBe(200);
  const at_once = ["POST", `/api-keys/${first.key_id}/rotate`] as const;
  const third = await callWith(scene.one, scene.admin, at_once);
  expect(third).toMatchObject({ status: 200, body: { previous_valid_until: null } });
  expect(await msUntil(first.key, 401)).toBeLessThan(1_000);
  expect(await statusOf(key)).toBe(401);
  expect(await statusOf(String(third.body?.["key"]))).toBe(200);
});

test("a rotation's overlap is bounded, and so are the secrets of a key", async () => {
  const { key_id } = await made({ name: "often", scopes: ["read"] });
  const rotate = (body: object) =>
    callWith(scene.one, scene.admin, ["POST", `/api-keys/${key_id}/rotate`, body]);
  for (const overlap of ["31d", "1", "-1h", 60])
    expect((await rotate({ overlap })).status).toBe(422);
  for (let n = 0; n < 4; n += 1) expect((await rotate({ overlap: "30d" })).status).toBe(200);
  expect(await rotate({ overlap: "30d" })).toMatchObject(problem(409, "too_many_key_secrets"));
  expect((await rotate({ overlap: "0s" })).status).toBe(200);
});

test("a request that is sent again with its Idempotency-Key makes one key, and shows it once", async () => {
  const headers = { "idempotency-key": randomUUID() };
  const body = { name: "once", scopes: ["read"] };
  const first = await made(body, scene.admin, headers);
  const again = await callWith(scene.other, scene.admin, ["POST", "/api-keys", body], headers);
  const { key: _, ...rest } = first;
  expect(again).toMatchObject({ status: 201, body: rest });
  expect(again.body).not.toHaveProperty("key");
  expect(again.headers.get("idempotency-replayed")).toBe("true");
  const other = await callWith(
    scene.one,
    scene.admin,
    ["POST", "/api-keys", { ...body, name: "x" }],
    headers,
  );
  expect(other).toMatchObject(problem(422, "idempotency_key_reused"));
  const rotate = ["POST", `/api-keys/${first.key_id}/rotate`, {}] as const;
  const once = { "idempotency-key": randomUUID() };
  const rotated = await callWith(scene.one, scene.admin, rotate, once);
  const repeated = await callWith(scene.one, scene.admin, rotate, once);
  expect(repeated.body).not.toHaveProperty("key");
  expect(repeated.headers.get("idempotency-replayed")).toBe("true");
  expect(await statusOf(String(rotated.body?.["key"]), scene.one)).toBe(200);
  await callWith(scene.one, scene.admin, ["DELETE", `/api-keys/${first.key_id}`]);
  const gone = await callWith(scene.one, scene.admin, ["POST", "/api-keys", body], headers);
  expect(gone).toMatchObject(problem(404, "key_not_found"));
});

test("keys of the file are in the list, and are neither deleted nor rotated here", async () => {
  const list = await callWith(scene.one, scene.admin, ["GET", "/api-keys?limit=200"]);
  const keys = list.body?.["api_keys"] as Key[];
  const fileIds = scene.keysFile.keys.map((key) => key.split("_")[1]);
  expect(
    keys
      .filter(({ source }) => source === "file")
      .map(({ key_id }) => key_id)
      .toSorted(),
  ).toEqual([fileIds[0] ?? "", fileIds[2] ?? ""].toSorted());
  expect(keys.at(-1)).toMatchObject({ source: "file", created_at: null });
  for (const [method, more] of [
    ["DELETE", ""],
    ["POST", "/rotate"],
  ] as const) {
    const call = [method, `/api-keys/${fileIds[2]}${more}`] as const;
    expect(await callWith(scene.one, scene.admin, call)).toMatchObject(problem(409, "key_in_file"));
  }
  expect(await statusOf(scene.reader)).toBe(200);
});

test("the list comes in pages, newest first, without secrets and without digests", async () => {
  for (const name of ["a", "b", "c"]) await made({ name, scopes: ["read"] }, scene.theirs);
  type Page = { readonly api_keys: readonly Key[]; readonly next_cursor: string | null };
  const pages: Key[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const query: string = cursor === "" ? "?limit=2" : `?limit=2&cursor=${cursor}`;
    const answer = await callWith(scene.one, scene.theirs, ["GET", `/api-keys${query}`]);
    const page = answer.body as Page | null;
    pages.push(...(page?.api_keys ?? []));
    expect(JSON.stringify(page)).not.toMatch(/[0-9a-f]{40}/);
    cursor = page?.next_cursor ?? null;
  }
  expect(pages.map(({ name }) => name).slice(0, 3)).toEqual(["c", "b", "a"]);
  expect(pages).toHaveLength(4);
  expect(new Set(pages.map(({ workspace_id }) => workspace_id))).toEqual(new Set(["other"]));
});

test("a key ends when its time has come, and is shown as ended", async () => {
  const expires_at = new Date(Date.now() + 2_000).toISOString();
  const { key, key_id } = await made({ name: "brief", scopes: ["admin"], expires_at });
  expect(await statusOf(key, scene.one)).toBe(200);
  await msUntil(key, 401);
  const { body } = await callWith(scene.one, scene.admin, ["GET", `/api-keys/${key_id}`]);
  expect(body).toMatchObject({ state: "expired", expires_at });
  const rotate = ["POST", `/api-keys/${key_id}/rotate`] as const;
  expect(await callWith(scene.one, scene.admin, rotate)).toMatchObject(problem(409, "key_expired"));
});
