import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { servedCalls } from "../../scripts/openapi/document.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { listenTo, type SseClient } from "../live/sse-client.ts";

failOnLeaks();

const SECRETS = {
  payload: "a-secret-payload",
  response: "only the endpoint says this",
  header: "a-secret-header",
  query: "a-secret-query",
} as const;

let platform: Platform;
let receiver: Receiver;
let streams: SseClient[];
/** What stands for parameters of paths. */
const ids: Record<string, string> = { agent_id: "a1", call_id: "c1", name: "call_completed" };
let keys: Readonly<Record<"read" | "payloads" | "secrets", string>>;

beforeAll(async () => {
  receiver = await startReceiver(() => ({ kind: "status", status: 200, body: SECRETS.response }));
  platform = await startPlatform({ workspaces: ["w1"], dispatcherEnv: { RETRY_DELAYS: "none" } });
  keys = {
    read: await sessionWith("read"),
    payloads: await sessionWith("payloads"),
    secrets: await sessionWith("secrets"),
  };
  streams = await Promise.all(
    [keys.read, keys.payloads].map((key) => listenTo(urlOf("/stream"), key)),
  );
  const url = receiver.url(`/hook?token=${SECRETS.query}`);
  const headers = { Authorization: SECRETS.header };
  await platform.subscribe([{ event_type: "call_completed", callback_url: url, headers }]);
  const made = await platform.api("POST", "/endpoints", { url, headers, uid: "crm" });
  ids["endpoint_id"] = (made.body as { endpoint_id: string }).endpoint_id;
  const body = {
    event_type: "call_completed",
    call_id: "c1",
    agent_id: "a1",
    note: SECRETS.payload,
  };
  const stored = await platform.publish({ callId: "c1", body });
  const [record] = await platform.attempted(stored, 1);
  ids["event_id"] = record?.event_id ?? "";
  await platform.client.js.publish("events.w1.c1.a1.call_completed", `not json ${SECRETS.payload}`);
  await eventually(async () => (await platform.deadLetters()).length === 1);
  ids["dead"] = (await platform.deadLetters())[0]?.event_id ?? "";
});
afterAll(async () => {
  for (const stream of streams) stream.close();
  await platform.stop();
  await receiver.stop();
});

const urlOf = (path: string): string => platform.subscriptions.httpUrl(`/ca/api/v0${path}`);

/** A session with one capability, as the portal has them. */
const sessionWith = async (capability: string): Promise<string> => {
  const session_id = `s${randomBytes(10).toString("hex")}`;
  const token = `rbs_${session_id}_${randomBytes(32).toString("hex")}`;
  const session = {
    kind: "portal",
    session_id,
    workspace_id: "w1",
    sha256: createHash("sha256").update(token).digest("hex"),
    permissions: [capability],
    created_by: { actor: "person:ann@example.com" },
    created_at: new Date().toISOString(),
    expires_at: new Date(Date.now() + 600_000).toISOString(),
  };
  await platform.client.js.publish(`access.w1.session.${session_id}`, JSON.stringify(session));
  await eventually(async () => {
    const { status } = await fetch(urlOf("/me"), { headers: { "x-api-key": token } });
    expect(status).toBe(200);
  });
  return token;
};

/** Every path that GET serves, about what is there. */
const paths = async (): Promise<string[]> => {
  const routes = (await servedCalls()).filter((route) => route.startsWith("GET "));
  const served = routes
    .map((route) => route.slice("GET ".length))
    .filter((path) => path !== "/stream" && !path.includes(":key_id"))
    .map((path) => path.replaceAll(/:(\w+)/g, (_all, name: string) => ids[name] ?? "nothing"));
  return [...served, `/dead-letters/${ids["dead"]}`, `/events/${ids["dead"]}`];
};

const textsFor = async (key: string): Promise<Map<string, string>> => {
  const texts = new Map<string, string>();
  for (const path of await paths()) {
    const response = await fetch(urlOf(path), { headers: { "x-api-key": key } });
    texts.set(path, await response.text());
  }
  return texts;
};

/** Which secrets are in these texts, also as base64. */
const secretsIn = (texts: Iterable<string>): string[] => {
  const all = [...texts].join("\n");
  const plain = Object.entries(SECRETS).filter(([, secret]) => all.includes(secret));
  const decoded = [...all.matchAll(/"(?:raw|payload_base64)":"([^"]+)"/g)].map(([, text = ""]) =>
    Buffer.from(text, "base64").toString(),
  );
  const isInside = decoded.some((text) => text.includes(SECRETS.payload));
  return [
    ...new Set([...plain.map(([name]) => name), ...(isInside ? ["payload"] : [])]),
  ].toSorted();
};

test("a caller without payloads and secrets reads neither, whatever it reads", async () => {
  await eventually(async () => {
    const { body } = await platform.api("GET", "/attempts");
    expect((body as { attempts: unknown[] }).attempts).toHaveLength(2);
  });
  const texts = await textsFor(keys.read);
  expect(secretsIn(texts.values())).toEqual([]);
  expect(texts.get(`/events/${ids["event_id"]}`)).toContain('"payload_hidden":true,"payload":null');
  expect(texts.get(`/events/${ids["event_id"]}/payload`)).toContain("insufficient_scope");
  expect(texts.get("/attempts")).toContain('"body_hidden":true');
  expect(texts.get(`/dead-letters/${ids["dead"]}`)).toContain('"raw_hidden":true');
});

test("a caller with payloads reads what was sent and responded, and no secret of an endpoint", async () => {
  const texts = await textsFor(keys.payloads);
  expect(secretsIn(texts.values())).toEqual(["payload", "response"]);
  expect([...texts.values()].join("")).not.toMatch(/_hidden/);
});

test("a caller with secrets reads those of endpoints, and no payload", async () => {
  const texts = await textsFor(keys.secrets);
  expect(secretsIn(texts.values())).toEqual(["header", "query"]);
});

test("a live stream shows responses to callers with payloads alone", async () => {
  const [reader, viewer] = streams;
  for (const stream of streams) await stream.hears(2, "attempt");
  expect(secretsIn([JSON.stringify(reader?.heard)])).toEqual([]);
  expect(secretsIn([JSON.stringify(viewer?.heard)])).toEqual(["response"]);
  expect(JSON.stringify(reader?.heard)).toContain('"body_hidden":true');
});

test("who may change endpoints and has no secrets makes one without being shown any", async () => {
  const key = await sessionWith("endpoints");
  const call = async (method: string, path: string, body: unknown) => {
    const headers = { "x-api-key": key, "content-type": "application/json" };
    const response = await fetch(urlOf(path), { method, headers, body: JSON.stringify(body) });
    return { status: response.status, text: await response.text() };
  };
  const created = await call("POST", "/endpoints", { url: receiver.url("/mine"), uid: "mine" });
  expect(created.status).toBe(201);
  const put = await call("PUT", "/endpoints/second", { url: receiver.url("/second") });
  expect(put.status).toBe(201);
  const changed = await call("PATCH", "/endpoints/crm", { description: "changed" });
  expect(changed.status).toBe(200);
  const moved = await call("PATCH", "/endpoints/crm", { url: receiver.url("/elsewhere") });
  expect(moved).toMatchObject({ status: 403, text: expect.stringContaining("headers") });
  const without = { url: receiver.url("/elsewhere"), headers: {} };
  expect((await call("PATCH", "/endpoints/crm", without)).status).toBe(200);
  expect((await call("PATCH", "/endpoints/crm", { url: receiver.url("/x") })).status).toBe(200);
  const edit = {
    operation: "edit_event_subscriptions",
    agent_id: "a1",
    event_subscriptions: [
      { event_type: "recording_completed", callback_url: receiver.url("/more") },
    ],
  };
  const edited = await call("PATCH", "/agent/v1", edit);
  expect(edited.status).toBe(200);
  const texts = [created, put, changed, edited].map(({ text }) => text);
  expect(secretsIn(texts)).toEqual([]);
  expect(texts.join("")).not.toContain("whsec_");
});
