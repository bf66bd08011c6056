import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ApiKeysFile, writeApiKeysFile } from "../harness/api-keys.ts";
import { type Answer, apiClient, type CallInit, problem } from "../harness/api-client.ts";
import { eventually } from "../harness/eventually.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type StartedService, startOn } from "../harness/process/start-service.ts";

failOnLeaks();

const PORTAL = "https://portal.example.com";
const APP = "https://app.example.com";
const KEYS = [
  { workspaceId: "acme", scopes: ["admin"] },
  { workspaceId: "acme", scopes: ["write"] },
  { workspaceId: "acme", scopes: ["read"] },
  { workspaceId: "other", scopes: ["admin"] },
] as const;

let server: NatsServer;
let keysFile: ApiKeysFile;
let started: StartedService;
let second: StartedService;
beforeAll(async () => {
  server = await startNatsServer();
  keysFile = await writeApiKeysFile(KEYS);
  const env = { PORTAL_ORIGIN: PORTAL, PORTAL_FRAME_ANCESTORS: `${APP},http://localhost:3000` };
  [started, second] = await Promise.all([
    startOn(server, { keysFile, env }),
    startOn(server, { keysFile, env }),
  ]);
  await started.admin.post({ agent_id: "bob", agent_display_name: "Bob" });
});
afterAll(async () => {
  await Promise.all([started.service.stop(), second.service.stop()]);
  await server.stop();
});

const json = (body: unknown, method = "POST"): CallInit => ({
  method,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

const create = (body: unknown, as = started.admin): Promise<Answer> =>
  as.raw("/portal-sessions", json(body));

const tokenIn = ({ body }: Answer): string => {
  const [, token = ""] = /^https:\/\/portal\.example\.com\/#session=(rbs_\w+)$/.exec(
    String(body?.["url"]),
  ) ?? [""];
  return token;
};

/** The API as the holder of a new session sees it. */
const sessionWith = async (body: unknown, at = started) => {
  const created = await create(body);
  expect(created.status).toBe(201);
  const id = String(created.body?.["session_id"]);
  return { id, api: apiClient(at.service, tokenIn(created)) };
};

test("a session is an address with a token, which opens what it was made for", async () => {
  const theme = { mode: "dark", accent: "#0A7D5A" };
  const asked = { capabilities: ["read", "payloads"], expires_in: 60, theme, origin: APP };
  const created = await create(asked);
  expect(created).toMatchObject({
    status: 201,
    body: {
      capabilities: ["read", "payloads"],
      agents: null,
      theme: { mode: "dark", accent: "#0a7d5a" },
      origin: APP,
      created_by: keysFile.keys[0]?.split("_")[1],
    },
  });
  const { session_id, expires_at, created_at } = created.body as Record<string, string>;
  expect(created.headers.get("location")).toBe(`/ca/api/v0/portal-sessions/${session_id}`);
  expect(Date.parse(expires_at ?? "") - Date.parse(created_at ?? "")).toBe(60_000);
  const api = apiClient(started.service, tokenIn(created));
  expect((await api.get("/me")).body).toMatchObject({
    kind: "portal",
    id: session_id,
    workspace_id: "acme",
    permissions: ["payloads", "read"],
    theme: { mode: "dark", accent: "#0a7d5a" },
    origin: APP,
    expires_at,
  });
  expect((await api.get("/events")).status).toBe(200);
});

describe("a session may do what its capabilities say, and no more", () => {
  const CALLS: readonly (readonly [string, CallInit | undefined, string | undefined])[] = [
    ["/events", undefined, "read"],
    ["/events/evt_0_1/payload", undefined, "payloads"],
    ["/agent/v1/bob/test-event", json({ event_type: "call_completed" }), "test"],
    ["/endpoints", json({ url: "https://a.example.com/" }), "endpoints"],
    ["/agent/v1", json({ agent_id: "eve", agent_display_name: "E" }), undefined],
    ["/events", json({ event_type: "call_completed", call_id: "c", agent_id: "bob" }), undefined],
    ["/portal-sessions", json({ capabilities: ["read"] }), undefined],
    ["/portal-sessions", undefined, undefined],
    ["/audit", undefined, undefined],
  ];
  test.each(["read", "test", "endpoints", "secrets", "redeliver"])("%s", async (capability) => {
    const { api } = await sessionWith({ capabilities: [capability] });
    for (const [path, init, needed] of CALLS) {
      const { status } = await api.raw(path, init);
      const isAllowed = needed === "read" || needed === capability;
      expect([path, init?.method, status === 403]).toEqual([path, init?.method, !isAllowed]);
    }
  });
});

test("what a session changes is changed by the session, in the history and in the audit", async () => {
  const { id, api } = await sessionWith({ capabilities: ["endpoints"] });
  await api.raw("/endpoints/of-portal", json({ url: "https://p.example.com/" }, "PUT"));
  const { body } = await started.admin.get("/endpoints/of-portal/history");
  expect(body).toMatchObject({ changes: [{ actor: `portal:${id}` }] });
  const entries = await eventually(async () => {
    const audit = await started.admin.get(`/audit?actor=portal:${id}`);
    expect(audit.body?.["entries"]).toHaveLength(1);
    return audit.body?.["entries"] ?? null;
  });
  expect(entries).toMatchObject([{ action: "putEndpoint", actor: { kind: "portal", id } }]);
});

test("a session that is ended in one instance is refused by the other within a second", async () => {
  const { id, api } = await sessionWith({ capabilities: ["read"] }, second);
  await eventually(async () => {
    expect((await api.get("/me")).status).toBe(200);
  });
  const ended = await started.admin.delete(`/portal-sessions/${id}`);
  expect(ended.status).toBe(204);
  await eventually(
    async () => {
      expect((await api.get("/me")).status).toBe(401);
    },
    { timeoutMs: 1_000, what: "a refusal within a second" },
  );
  expect(await started.admin.delete(`/portal-sessions/${id}`)).toMatchObject(
    problem(404, "portal_session_not_found"),
  );
});

test("nobody gives more than they may", async () => {
  expect(await create({ capabilities: ["endpoints", "secrets"] }, started.writer)).toMatchObject({
    status: 201,
  });
  expect(await create({ capabilities: ["read"] }, started.reader)).toMatchObject(
    problem(403, "insufficient_scope"),
  );
});

test("the list has neither tokens nor what is another workspace's, and comes in pages", async () => {
  for (let n = 0; n < 3; n += 1) await create({ capabilities: ["read"] }, started.other);
  const first = await started.other.get("/portal-sessions?limit=2");
  const cursor = String(first.body?.["next_cursor"]);
  const rest = await started.other.get(`/portal-sessions?limit=2&cursor=${cursor}`);
  const sessions = [first, rest].flatMap(
    ({ body }) => (body?.["portal_sessions"] ?? []) as { session_id: string }[],
  );
  expect(new Set(sessions.map(({ session_id }) => session_id)).size).toBe(3);
  expect(rest.body?.["next_cursor"]).toBeNull();
  expect(JSON.stringify(sessions)).not.toMatch(/rbs_|sha256|digest/);
  const [one] = sessions;
  expect(await started.admin.delete(`/portal-sessions/${one?.session_id}`)).toMatchObject(
    problem(404, "portal_session_not_found"),
  );
  expect((await started.other.delete(`/portal-sessions/${one?.session_id}`)).status).toBe(204);
});

test.each<[object, string]>([
  [{}, "capabilities"],
  [{ capabilities: [] }, "capabilities"],
  [{ capabilities: ["admin"] }, "capabilities.0"],
  [{ capabilities: ["publish"] }, "capabilities.0"],
  [{ capabilities: ["read"], expires_in: 59 }, "expires_in"],
  [{ capabilities: ["read"], expires_in: 86_401 }, "expires_in"],
  [{ capabilities: ["read"], expires_in: 60.5 }, "expires_in"],
  [{ capabilities: ["read"], expires_in: "3600" }, "expires_in"],
  [{ capabilities: ["read"], agents: [] }, "agents"],
  [{ capabilities: ["read"], agents: ["a.b"] }, "agents.0"],
  [{ capabilities: ["read"], theme: { accent: "red;}body{display:none" } }, "theme.accent"],
  [{ capabilities: ["read"], theme: { font: "#000" } }, "theme.font"],
  [{ capabilities: ["read"], origin: "*" }, "origin"],
  [{ capabilities: ["read"], origin: "https://evil.example.com" }, "origin"],
  [{ capabilities: ["read"], origin: `${APP}/` }, "origin"],
  [{ capabilities: ["read"], workspace_id: "other" }, "workspace_id"],
])("%j is not valid, and the response says where", async (body, path) => {
  const answer = await create(body);
  expect(answer).toMatchObject(problem(422, "validation_failed"));
  const errors = answer.body?.["errors"] as { path: string }[];
  expect(errors.map((error) => error.path)).toEqual([path]);
});

test("without PORTAL_ORIGIN there is no portal, and the response says what is missing", async () => {
  const without = await startOn(server, { keysFile });
  const answer = await create({ capabilities: ["read"] }, without.admin);
  await without.service.stop();
  expect(answer).toMatchObject(problem(409, "no_portal"));
  expect(answer.body?.["detail"]).toContain("PORTAL_ORIGIN");
});

test("a session ends with the key that made it, and no line of the log has its token", async () => {
  const { api } = await sessionWith({ capabilities: ["read"] });
  expect((await api.get("/me")).status).toBe(200);
  await writeApiKeysFile(KEYS.slice(1), keysFile.file);
  await eventually(async () => {
    expect((await api.get("/me")).status).toBe(401);
  });
  expect(JSON.stringify(started.service.logs)).not.toContain("rbs_");
});
