import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { servedCalls } from "../../scripts/openapi/document.ts";
import {
  CAPABILITIES,
  permissionsOf,
  SCOPES,
  type Permission,
} from "../../services/subscriptions/src/http/auth/permissions.ts";
import { callWith, startAccess, type AccessScene } from "../access/scene.ts";
import { connectTo } from "../harness/nats/nats-client.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";

failOnLeaks();

type Needs = Permission | "any" | "operator";

/** What each call needs, as docs/api says it: not as the routes do. HEAD needs what GET does. */
const NEEDS: Readonly<Record<string, Needs>> = {
  "GET /me": "any",
  "GET /workspaces": "operator",
  "GET /streams": "operator",
  "GET /dispatchers": "operator",
  "POST /api-keys": "admin",
  "GET /api-keys": "admin",
  "GET /api-keys/:key_id": "admin",
  "DELETE /api-keys/:key_id": "admin",
  "POST /api-keys/:key_id/rotate": "admin",
  "GET /audit": "admin",
  "POST /portal-sessions": "write",
  "GET /portal-sessions": "write",
  "DELETE /portal-sessions/:session_id": "write",
  "POST /agent/v1": "admin",
  "PATCH /agent/v1": "endpoints",
  "GET /agent/v1/:agent_id": "read",
  "DELETE /agent/v1/:agent_id": "admin",
  "GET /agent/v1/:agent_id/history": "read",
  "GET /agent/v1/:agent_id/stats": "read",
  "POST /agent/v1/:agent_id/test-event": "test",
  "GET /agent/:agent_id": "read",
  "GET /agent/all": "read",
  "GET /assistant": "read",
  "POST /endpoints": "endpoints",
  "GET /endpoints": "read",
  "POST /endpoints/match": "read",
  "GET /endpoints/:endpoint_id": "read",
  "PATCH /endpoints/:endpoint_id": "endpoints",
  "PUT /endpoints/:endpoint_id": "endpoints",
  "DELETE /endpoints/:endpoint_id": "endpoints",
  "POST /endpoints/:endpoint_id/pause": "endpoints",
  "POST /endpoints/:endpoint_id/resume": "endpoints",
  "POST /endpoints/:endpoint_id/disable": "endpoints",
  "POST /endpoints/:endpoint_id/enable": "endpoints",
  "POST /endpoints/:endpoint_id/rotate-secret": "secrets",
  "POST /endpoints/:endpoint_id/test-event": "test",
  "GET /endpoints/:endpoint_id/history": "read",
  "GET /endpoints/:endpoint_id/attempts": "read",
  "GET /endpoints/:endpoint_id/stats": "read",
  "GET /calls/:call_id/events": "read",
  "GET /events": "read",
  "GET /events/facets": "read",
  "GET /deliveries/facets": "read",
  "GET /dead-letters/facets": "read",
  "GET /calls": "read",
  "GET /overview": "read",
  "GET /activity": "read",
  "POST /events": "publish",
  "GET /events/:event_id": "read",
  "GET /events/:event_id/attempts": "read",
  "GET /events/:event_id/payload": "payloads",
  "POST /events/:event_id/redeliver": "redeliver",
  "GET /deliveries": "read",
  "GET /attempts": "read",
  "GET /dead-letters": "read",
  "GET /dead-letters/:event_id": "read",
  "GET /event-types": "read",
  "PUT /event-types/:name": "admin",
  "DELETE /event-types/:name": "admin",
  "POST /filters/test": "read",
  "POST /redeliveries": "redeliver",
  "GET /redeliveries": "read",
  "GET /redeliveries/:redelivery_id": "read",
  "DELETE /redeliveries/:redelivery_id": "redeliver",
  "GET /stream": "read",
};

let scene: AccessScene;
/** A key for each scope, and a session for each capability. */
const tokens = new Map<string, { readonly token: string; readonly granted: Permission }>();

beforeAll(async () => {
  scene = await startAccess();
  for (const scope of SCOPES) {
    const body = { name: scope, scopes: [scope] };
    const { body: made } = await callWith(scene.one, scene.admin, ["POST", "/api-keys", body]);
    tokens.set(`a key with ${scope}`, { token: String(made?.["key"]), granted: scope });
  }
  for (const capability of CAPABILITIES) {
    const token = await storeSession(capability);
    tokens.set(`a portal with ${capability}`, { token, granted: capability });
  }
  await callWith(scene.one, scene.admin, ["GET", "/api-keys"]); // this instance knows all of them now
});
afterAll(() => scene.stop());

const storeSession = async (capability: Permission): Promise<string> => {
  const session_id = `s${randomBytes(10).toString("hex")}`;
  const token = `rbs_${session_id}_${randomBytes(32).toString("hex")}`;
  const session = {
    kind: "portal",
    session_id,
    workspace_id: "acme",
    sha256: createHash("sha256").update(token).digest("hex"),
    permissions: [capability],
    created_by: { actor: "person:ann@example.com" },
    created_at: new Date().toISOString(),
    expires_at: new Date(Date.now() + 600_000).toISOString(),
  };
  const client = await connectTo(scene.server);
  await client.js.publish(`access.acme.session.${session_id}`, JSON.stringify(session));
  await client.close();
  return token;
};

const mayCall = (granted: Permission, needs: Needs): boolean =>
  needs === "any" || (needs !== "operator" && permissionsOf([granted]).has(needs));

const withoutHead = (routes: readonly string[]): string[] =>
  routes.filter((route) => !route.startsWith("HEAD "));

test("what every call needs is in the table above", async () => {
  expect(Object.keys(NEEDS).toSorted()).toEqual(withoutHead(await servedCalls()).toSorted());
});

const ROUTES = Object.entries(NEEDS);

test.each(ROUTES)("%s is for %s alone", async (route, needs) => {
  const [method = "", pattern = ""] = route.split(" ");
  const path = pattern.replaceAll(/:\w+/g, "nothing");
  const body = method === "GET" || method === "DELETE" ? undefined : {};
  const answers = new Map<string, boolean>();
  const expected = new Map<string, boolean>();
  for (const [who, { token, granted }] of tokens) {
    const answer = await callWith(scene.one, token, [method, path, body]);
    const isScope = answer.body?.["code"] === "insufficient_scope";
    const isOperators = answer.body?.["code"] === "operator_required";
    expect([who, answer.status === 403]).toEqual([who, isScope || isOperators]);
    expect(answer.status).not.toBe(401);
    answers.set(who, answer.status !== 403);
    expected.set(who, mayCall(granted, needs));
    if (method !== "GET") continue;
    const head = await callWith(scene.one, token, ["HEAD", path]);
    const isServed = head.status !== 405;
    expect([who, !isServed || head.status !== 403]).toEqual([
      who,
      !isServed || answer.status !== 403,
    ]);
  }
  expect(Object.fromEntries(answers)).toEqual(Object.fromEntries(expected));
});

/** Requests that need more than their call. */
const BEYOND: readonly (readonly [string, readonly [string, string, object], Permission[]])[] = [
  [
    "another signing secret of an agent",
    ["PATCH", "/agent/v1", { operation: "rotate_signing_secret", agent_id: "bob" }],
    ["endpoints", "secrets"],
  ],
  [
    "no signing secret of an agent",
    ["PATCH", "/agent/v1", { operation: "remove_signing_secret", agent_id: "bob" }],
    ["endpoints", "secrets"],
  ],
  [
    "another name of an agent",
    ["PATCH", "/agent/v1", { operation: "rename_agent", agent_id: "bob", agent_display_name: "B" }],
    ["write"],
  ],
  [
    "what an endpoint missed",
    ["POST", "/endpoints/crm/resume", { recover: { since: "1h" } }],
    ["endpoints", "redeliver"],
  ],
  [
    "a filter on a stored event",
    ["POST", "/filters/test", { filter: {}, event_id: "evt_0_1" }],
    ["payloads"],
  ],
];

test.each(BEYOND)("%s needs more than the call itself", async (_what, call, needs) => {
  for (const { token, granted } of tokens.values()) {
    const answer = await callWith(scene.one, token, call);
    const mayAll = needs.every((one) => permissionsOf([granted]).has(one));
    expect([granted, answer.status === 403]).toEqual([granted, !mayAll]);
  }
});
