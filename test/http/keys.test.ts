import { readFile } from "node:fs/promises";
import { beforeAll, expect, test } from "vitest";
import { writeApiKeysFile } from "../harness/api-keys.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { replaceFile } from "../harness/temp-dir.ts";
import { type Answer, apiClient, editOf, request } from "../harness/api-client.ts";
import { useApi } from "../harness/process/start-service.ts";

failOnLeaks();

const started = useApi();
beforeAll(async () => {
  await started.admin.post({ agent_id: "bob", agent_display_name: "Bob" });
});

const expectUnauthorized = (answer: Answer) => {
  expect(answer).toMatchObject({
    status: 401,
    body: {
      code: "unauthorized",
      detail: "Send a valid key as X-API-KEY, or as Authorization: Bearer.",
    },
  });
  expect(answer.headers.get("www-authenticate")).toBe("Bearer");
};

test("a key is taken as X-API-KEY, or as Bearer where there is no X-API-KEY", async () => {
  const url = started.service.httpUrl("/ca/api/v0/agent/v1/bob");
  const [key = ""] = started.keysFile.keys;
  const asked = (headers: Record<string, string>) => request(url, { headers });
  expect((await asked({ "x-api-key": key })).status).toBe(200);
  expect((await asked({ authorization: `Bearer ${key}` })).status).toBe(200);
  expectUnauthorized(await asked({ "x-api-key": "wrong", authorization: `Bearer ${key}` }));
});

test("whatever is wrong with a key, the answer is the same", async () => {
  const url = started.service.httpUrl("/ca/api/v0/agent/v1");
  const [key = ""] = started.keysFile.keys;
  const wrong = ["", "wrong", `${key}x`, "rb_unknown_secret", key.toUpperCase()];
  const answers = [await request(url, { method: "PATCH" })];
  for (const one of wrong) {
    answers.push(await request(url, { method: "PATCH", headers: { "x-api-key": one } }));
  }
  for (const answer of answers) {
    expectUnauthorized(answer);
    expect(answer.body).toEqual(answers[0]?.body);
  }
});

test("a key may do what its scope says, and everything below it", async () => {
  const { reader, writer, admin } = started;
  const edit = editOf("bob", "https://a.example.com/");
  const agent = { agent_id: "scoped", agent_display_name: "Scoped" };
  const statuses = [];
  for (const client of [reader, writer, admin]) {
    const calls = [
      await client.get("/agent/v1/bob"),
      await client.get("/assistant"),
      await client.patch(edit),
      await client.post(agent),
      await client.delete("/agent/v1/scoped"),
    ];
    statuses.push(calls.map(({ status }) => status));
    const refused = calls.filter(({ status }) => status === 403);
    const codes = new Set(refused.map(({ body }) => body?.["code"]));
    expect([...codes].filter((code) => code !== "insufficient_scope")).toEqual([]);
  }
  expect(statuses).toEqual([
    [200, 200, 403, 403, 403],
    [200, 200, 200, 403, 403],
    [200, 200, 200, 201, 204],
  ]);
});

test("a key sees nothing of another workspace, where the same id is another agent", async () => {
  const { admin, other, reader } = started;
  await admin.post({ agent_id: "shared", agent_display_name: "Ours" });
  const notFound = { status: 404, body: { code: "agent_not_found" } };
  expect(await other.get("/agent/v1/shared")).toMatchObject(notFound);
  expect(await other.delete("/agent/v1/shared")).toMatchObject(notFound);
  expect(await other.patch(editOf("shared", "https://b.example.com/"))).toMatchObject(notFound);
  const theirs = await other.post({ agent_id: "shared", agent_display_name: "Theirs" });
  expect(theirs.status).toBe(201);
  const ours = (await reader.get("/agent/v1/shared")).body;
  expect(ours).toMatchObject({ agent_display_name: "Ours", version: 1 });
  const list = (await other.get("/assistant")).body;
  expect(list).toMatchObject({ agents: [{ agent_display_name: "Theirs" }], next_cursor: null });
});

test("neither keys nor what customers wrote reach the log", async () => {
  const { service, writer, keysFile } = started;
  await writer.patch({
    ...editOf("bob", "https://a.example.com/hook?token=s3cret-in-url"),
    event_subscriptions: [
      {
        event_type: "call_completed",
        callback_url: "https://a.example.com/hook?token=s3cret-in-url",
        headers: { Authorization: "s3cret-in-header" },
      },
    ],
  });
  const last = await writer.get("/assistant?cursor=s3cret-in-query");
  const id = last.headers.get("x-request-id");
  await service.waitForLog((line) => line["request_id"] === id);
  const text = service.output.all();
  for (const secret of ["s3cret", ...keysFile.keys.map((key) => key.split("_")[2] ?? "")]) {
    expect(text).not.toContain(secret);
  }
});

test("keys are taken from a changed file, and kept when the change is broken", async () => {
  const { service, keysFile } = started;
  const before = service.logs.length;
  const old = await readFile(keysFile.file, "utf8");
  const added = await writeApiKeysFile([{ workspaceId: "acme", scopes: ["read"] }]);
  const client = apiClient(service, added.keys[0] ?? "");
  expectUnauthorized(await client.get("/agent/v1/bob"));

  await replaceFile(keysFile.file, await readFile(added.file, "utf8"));
  await eventually(async () => (await client.get("/agent/v1/bob")).status === 200);
  expectUnauthorized(await started.reader.get("/agent/v1/bob"));

  await replaceFile(keysFile.file, `[{"id": "x", "sha256": "rb_x_broken"}]`);
  const line = await service.waitForLog("api_keys.kept_old", { from: before });
  expect(line).toMatchObject({ level: "error", file: keysFile.file });
  expect(line["problem"]).toContain("entry 0 ('x'): sha256");
  expect(service.output.all()).not.toContain("rb_x_broken");
  expect((await client.get("/agent/v1/bob")).status).toBe(200);

  await replaceFile(keysFile.file, old);
  await eventually(async () => (await started.reader.get("/agent/v1/bob")).status === 200);
  expect((await client.get("/agent/v1/bob")).status).toBe(401);
  expect(service.logs.filter((one) => one["msg"] === "api_keys.kept_old")).toHaveLength(1);
});

test("a key ends by itself when its time has come", async () => {
  const { service, keysFile } = started;
  const old = await readFile(keysFile.file, "utf8");
  const expiresAt = new Date(Date.now() + 5_000).toISOString();
  const added = await writeApiKeysFile([{ workspaceId: "acme", scopes: ["read"], expiresAt }]);
  await replaceFile(keysFile.file, await readFile(added.file, "utf8"));
  const client = apiClient(service, added.keys[0] ?? "");
  await eventually(async () => (await client.get("/agent/v1/bob")).status === 200);
  await eventually(async () => (await client.get("/agent/v1/bob")).status === 401);
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt));
  expectUnauthorized(await client.get("/agent/v1/bob"));
  await replaceFile(keysFile.file, old);
  await eventually(async () => (await started.reader.get("/agent/v1/bob")).status === 200);
});
