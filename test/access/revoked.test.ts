import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { connectTo } from "../harness/nats/nats-client.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { listenTo } from "../live/sse-client.ts";
import { callWith, startAccess, type AccessScene } from "./scene.ts";

failOnLeaks();

let scene: AccessScene;
beforeAll(async () => {
  scene = await startAccess();
});
afterAll(() => scene.stop());

const made = async (scopes: readonly string[]) => {
  const call = ["POST", "/api-keys", { name: "key", scopes }] as const;
  const { body } = await callWith(scene.one, scene.admin, call);
  return { key: String(body?.["key"]), path: `/api-keys/${String(body?.["key_id"])}` };
};

const statusAt = async (key: string, at = scene.other): Promise<number> =>
  (await callWith(at, key, ["GET", "/me"])).status;

/** A portal's session that this key made. */
const sessionOf = async (key: string): Promise<string> => {
  const session_id = `s${randomBytes(10).toString("hex")}`;
  const token = `rbs_${session_id}_${randomBytes(32).toString("hex")}`;
  const key_id = key.split("_")[1] ?? "";
  const session = {
    kind: "portal",
    session_id,
    workspace_id: "acme",
    sha256: createHash("sha256").update(token).digest("hex"),
    permissions: ["read"],
    created_by: { actor: key_id, key_id },
    created_at: new Date().toISOString(),
    expires_at: new Date(Date.now() + 600_000).toISOString(),
  };
  const client = await connectTo(scene.server);
  await client.js.publish(`access.acme.session.${session_id}`, JSON.stringify(session));
  await client.close();
  await eventually(async () => (await statusAt(token)) === 200);
  return token;
};

test("the live streams of a key that is deleted end within seconds, and so do those of its sessions", async () => {
  const { key, path } = await made(["read"]);
  const session = await sessionOf(key);
  const url = scene.other.service.httpUrl("/ca/api/v0/stream");
  const streams = await Promise.all([key, session].map((token) => listenTo(url, token)));
  const startMs = performance.now();
  expect((await callWith(scene.one, scene.admin, ["DELETE", path])).status).toBe(204);
  for (const stream of streams) {
    expect(await stream.hears(1, "closing")).toEqual([{ reason: "key_not_valid" }]);
  }
  expect(performance.now() - startMs).toBeLessThan(10_000);
  await eventually(() => streams.every((stream) => stream.hasEnded()));
  expect(await statusAt(session)).toBe(401);
  for (const stream of streams) stream.close();
});

test("the live stream of a key goes on while the key is rotated with an overlap", async () => {
  const { key, path } = await made(["read"]);
  await eventually(async () => (await statusAt(key)) === 200);
  const stream = await listenTo(scene.other.service.httpUrl("/ca/api/v0/stream"), key);
  const rotate = async (overlap: string) =>
    callWith(scene.one, scene.admin, ["POST", `${path}/rotate`, { overlap }]);
  const rotated = await rotate("1h");
  await eventually(async () => (await statusAt(String(rotated.body?.["key"]))) === 200);
  expect(stream.hasEnded()).toBe(false);
  await rotate("0s");
  expect(await stream.hears(1, "closing")).toEqual([{ reason: "key_not_valid" }]);
  stream.close();
});

test("while NATS is away the keys that are known go on, none is made, and an unknown one is still none", async () => {
  const { key } = await made(["admin"]);
  await eventually(async () => (await statusAt(key)) === 200);
  const expires_at = new Date(Date.now() + 5_000).toISOString();
  const brief = { name: "brief", scopes: ["read"], expires_at };
  const { body } = await callWith(scene.one, scene.admin, ["POST", "/api-keys", brief]);
  await eventually(async () => (await statusAt(String(body?.["key"]))) === 200);
  await scene.server.stop();
  expect(await statusAt(key)).toBe(200);
  expect(await statusAt(`${key}x`)).toBe(401);
  const post = ["POST", "/api-keys", { name: "x", scopes: ["read"] }] as const;
  expect((await callWith(scene.other, key, post)).status).toBe(503);
  expect((await callWith(scene.other, key, ["GET", "/api-keys"])).status).toBe(503);
  await eventually(async () => (await statusAt(String(body?.["key"]))) === 401);
});
