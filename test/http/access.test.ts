import { eventId as eventIdOf } from "@ringback/contracts/events/event";
import { createdAt } from "@ringback/contracts/streams/stream-origin";
import { deadLetterSubject, eventSubject } from "@ringback/contracts/streams/subjects";
import { afterAll, beforeAll, expect, test } from "vitest";
import { servedCalls } from "../../scripts/openapi/document.ts";
import { writeApiKeysFile } from "../harness/api-keys.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { connectTo } from "../harness/nats/nats-client.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";
import { type Answer, type CallInit, editOf, request } from "../harness/api-client.ts";
import { type StartedService, startOn } from "../harness/process/start-service.ts";

failOnLeaks();

const PAST = "2020-01-01T00:00:00Z";
const KEYS = [
  ["admin", { workspaceId: "acme", scopes: ["admin"] }],
  ["write", { workspaceId: "acme", scopes: ["write"] }],
  ["read", { workspaceId: "acme", scopes: ["read"] }],
  ["another workspace's", { workspaceId: "other", scopes: ["admin"] }],
  ["expired", { workspaceId: "acme", scopes: ["admin"], expiresAt: PAST }],
] as const;

let server: NatsServer;
let started: StartedService;
let eventId: string;
const keys = new Map<string, string | undefined>([
  ["no", undefined],
  ["wrong", "rb_x_y"],
]);
beforeAll(async () => {
  server = await startNatsServer();
  const keysFile = await writeApiKeysFile(KEYS.map(([, key]) => key));
  const env = { PORTAL_ORIGIN: "https://portal.example.com" };
  started = await startOn(server, { keysFile, env });
  for (const [n, [name]] of KEYS.entries()) keys.set(name, keysFile.keys[n]);
  eventId = await storeEvent();
  const crm = json("PUT", { url: "https://crm.example.com/" });
  // A machine with too much to do answers 503 for a moment.
  await eventually(async () => (await call("/endpoints/crm", crm, keys.get("admin"))).status < 300);
});
afterAll(async () => {
  await started.service.stop();
  await server.stop();
});

/** An event of acme that was given up; its id stands for EVENT in the paths below. */
const storeEvent = async (): Promise<string> => {
  const client = await connectTo(server);
  const address = {
    workspaceId: "acme",
    callId: "c-1",
    agentId: "bob",
    eventType: "call_completed",
  } as const;
  const { seq } = await client.js.publish(eventSubject(address), JSON.stringify(EVENT));
  const { created } = await client.jsm.streams.info("EVENTS");
  const event_id = eventIdOf(createdAt(Date.parse(created)), seq);
  const letter = {
    ...EVENT,
    workspace_id: "acme",
    reason: "event_expired",
    event_id,
    event_seq: seq,
    at: created,
    message: "gone",
  };
  await client.js.publish(deadLetterSubject(address), JSON.stringify(letter));
  await client.close();
  return event_id;
};
const EVENT = { event_type: "call_completed", call_id: "c-1", agent_id: "bob" };

const json = (method: string, body: unknown): CallInit => ({
  method,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
const remove = {
  operation: "remove_event_subscriptions",
  agent_id: "bob",
  event_types: ["call_completed"],
};

type Row = readonly [
  route: string,
  path: string,
  init: CallInit,
  admin: number,
  write: number,
  read: number,
  other: number,
];

/** GET and HEAD of what every key of the workspace may read. */
const readable = (route: string, path: string, other: number): Row[] => [
  [`GET ${route}`, path, {}, 200, 200, 200, other],
  [`HEAD ${route}`, path, { method: "HEAD" }, 200, 200, 200, other],
];

/** What every call answers to a key of each scope, and to one of another workspace. */
const CALLS: readonly Row[] = [
  ["GET /agent/v1/:agent_id", "/agent/v1/bob", {}, 200, 200, 200, 404],
  ...readable("/agent/:agent_id", "/agent/bob", 404),
  ...readable("/agent/all", "/agent/all", 200),
  ["HEAD /agent/v1/:agent_id", "/agent/v1/bob", { method: "HEAD" }, 200, 200, 200, 404],
  ["GET /agent/v1/:agent_id", "/agent/v1/bob?at=2099-01-01T00:00:00Z", {}, 200, 200, 200, 404],
  ...readable("/agent/v1/:agent_id/history", "/agent/v1/bob/history", 404),
  ...readable("/agent/v1/:agent_id/stats", "/agent/v1/bob/stats", 404),
  ...readable("/attempts", "/attempts", 200),
  ...readable("/calls/:call_id/events", "/calls/c-1/events", 404),
  ...readable("/dead-letters", "/dead-letters", 200),
  ...readable("/deliveries", "/deliveries", 200),
  ...readable("/endpoints/:endpoint_id/attempts", "/endpoints/crm/attempts", 404),
  ...readable("/endpoints/:endpoint_id/stats", "/endpoints/crm/stats", 404),
  ...readable("/calls", "/calls", 200),
  ...["GET", "HEAD"].flatMap((method): Row[] => [
    [`${method} /streams`, "/streams", { method }, 403, 403, 403, 403],
    [`${method} /dispatchers`, "/dispatchers", { method }, 403, 403, 403, 403],
  ]),
  ...readable("/overview", "/overview", 200),
  ...readable("/activity", "/activity?agent_id=a1", 200),
  ...readable("/events/facets", "/events/facets", 200),
  ...readable("/deliveries/facets", "/deliveries/facets", 200),
  ...readable("/dead-letters/facets", "/dead-letters/facets", 200),
  ...readable("/dead-letters/:event_id", "/dead-letters/EVENT", 404),
  ...readable("/event-types", "/event-types", 200),
  ...readable("/events", "/events", 200),
  ...readable("/events/:event_id", "/events/EVENT", 404),
  ...readable("/events/:event_id/attempts", "/events/EVENT/attempts", 404),
  ...readable("/events/:event_id/payload", "/events/EVENT/payload", 404),
  // Whoever's key it is, the event is of the key's own workspace.
  ["POST /events", "/events", json("POST", EVENT), 202, 403, 403, 202],
  [
    "POST /filters/test",
    "/filters/test",
    json("POST", { filter: {}, data: {} }),
    200,
    200,
    200,
    200,
  ],
  ...readable("/me", "/me", 200),
  ["GET /workspaces", "/workspaces", {}, 403, 403, 403, 403],
  ["HEAD /workspaces", "/workspaces", { method: "HEAD" }, 403, 403, 403, 403],
  [
    "POST /portal-sessions",
    "/portal-sessions",
    json("POST", { capabilities: ["read"] }),
    201,
    201,
    403,
    201,
  ],
  ["GET /portal-sessions", "/portal-sessions", {}, 200, 200, 403, 200],
  ["HEAD /portal-sessions", "/portal-sessions", { method: "HEAD" }, 200, 200, 403, 200],
  [
    "DELETE /portal-sessions/:session_id",
    "/portal-sessions/s1",
    { method: "DELETE" },
    404,
    404,
    403,
    404,
  ],
  ["GET /audit", "/audit", {}, 200, 403, 403, 200],
  ["HEAD /audit", "/audit", { method: "HEAD" }, 200, 403, 403, 200],
  [
    "POST /api-keys",
    "/api-keys",
    json("POST", { name: "x", scopes: ["read"] }),
    201,
    403,
    403,
    201,
  ],
  ...(["GET", "HEAD"] as const).map((method): Row => [
    `${method} /api-keys`,
    "/api-keys",
    { method },
    200,
    403,
    403,
    200,
  ]),
  ...(
    [
      ["GET", ""],
      ["HEAD", ""],
      ["DELETE", ""],
      ["POST", "/rotate"],
    ] as const
  ).map(([method, more]): Row => [
    `${method} /api-keys/:key_id${more}`,
    `/api-keys/k1${more}`,
    { method },
    404,
    403,
    403,
    404,
  ]),
  ["GET /assistant", "/assistant", {}, 200, 200, 200, 200],
  ["HEAD /assistant", "/assistant", { method: "HEAD" }, 200, 200, 200, 200],
  ["GET /stream", "/stream", {}, 200, 200, 200, 200],
  [
    "PATCH /agent/v1",
    "/agent/v1",
    json("PATCH", editOf("bob", "https://a.example.com/")),
    200,
    200,
    403,
    404,
  ],
  ["PATCH /agent/v1", "/agent/v1", json("PATCH", remove), 200, 200, 403, 404],
  // The same name is another agent elsewhere.
  [
    "POST /agent/v1",
    "/agent/v1",
    json("POST", { agent_id: "bob", agent_display_name: "Bob" }),
    200,
    403,
    403,
    201,
  ],
  ["DELETE /agent/v1/:agent_id", "/agent/v1/bob", { method: "DELETE" }, 204, 403, 403, 204],
  ["PUT /event-types/:name", "/event-types/kyc_done", json("PUT", {}), 201, 403, 403, 201],
  ["DELETE /event-types/:name", "/event-types/kyc_done", { method: "DELETE" }, 204, 403, 403, 204],
  [
    "POST /agent/v1/:agent_id/test-event",
    "/agent/v1/nobody/test-event",
    json("POST", { event_type: "call_completed" }),
    404,
    404,
    403,
    404,
  ],
  [
    "POST /events/:event_id/redeliver",
    "/events/evt_0_1/redeliver",
    { method: "POST" },
    404,
    404,
    403,
    404,
  ],
  [
    "POST /redeliveries",
    "/redeliveries",
    json("POST", { since: PAST, status: "dead_lettered" }),
    202,
    202,
    403,
    202,
  ],
  [
    "POST /endpoints",
    "/endpoints",
    json("POST", { url: "https://a.example.com/" }),
    201,
    201,
    403,
    201,
  ],
  ...readable("/endpoints", "/endpoints", 200),
  ...readable("/endpoints/:endpoint_id", "/endpoints/crm", 404),
  ...readable("/endpoints/:endpoint_id/history", "/endpoints/crm/history", 404),
  ...["pause", "resume", "disable", "enable", "rotate-secret"].map((name): Row => [
    `POST /endpoints/:endpoint_id/${name}`,
    `/endpoints/crm/${name}`,
    { method: "POST" },
    200,
    200,
    403,
    404,
  ]),
  [
    "POST /endpoints/:endpoint_id/test-event",
    "/endpoints/nobody/test-event",
    { method: "POST" },
    404,
    404,
    403,
    404,
  ],
  ["PATCH /endpoints/:endpoint_id", "/endpoints/crm", json("PATCH", {}), 200, 200, 403, 404],
  [
    "PUT /endpoints/:endpoint_id",
    "/endpoints/theirs",
    json("PUT", { url: "https://b.example.com/" }),
    200,
    201,
    403,
    201,
  ],
  ["DELETE /endpoints/:endpoint_id", "/endpoints/nobody", { method: "DELETE" }, 404, 404, 403, 404],
  [
    "POST /endpoints/match",
    "/endpoints/match",
    json("POST", { event_type: "call_completed", agent_id: "bob" }),
    200,
    200,
    200,
    200,
  ],
  ["GET /redeliveries", "/redeliveries", {}, 200, 200, 200, 200],
  ["HEAD /redeliveries", "/redeliveries", { method: "HEAD" }, 200, 200, 200, 200],
  ["GET /redeliveries/:redelivery_id", "/redeliveries/r1", {}, 404, 404, 404, 404],
  ["HEAD /redeliveries/:redelivery_id", "/redeliveries/r1", { method: "HEAD" }, 404, 404, 404, 404],
  [
    "DELETE /redeliveries/:redelivery_id",
    "/redeliveries/r1",
    { method: "DELETE" },
    404,
    404,
    403,
    404,
  ],
];

const OF_OPERATORS = new Set(["/workspaces", "/streams", "/dispatchers"]);

const codeOf = (path: string, status: number): string | undefined => {
  if (status === 401) return "unauthorized";
  if (status === 403) return OF_OPERATORS.has(path) ? "operator_required" : "insufficient_scope";
  if (status !== 404) return undefined;
  if (path.startsWith("/redeliveries/")) return "redelivery_not_found";
  if (path.startsWith("/api-keys/")) return "key_not_found";
  if (path.startsWith("/portal-sessions/")) return "portal_session_not_found";
  if (path.startsWith("/endpoints/")) return "endpoint_not_found";
  const what = ["call", "dead-letter", "event"].find((one) => path.startsWith(`/${one}s/`));
  return `${what?.replace("-", "_") ?? "agent"}_not_found`;
};

const call = (path: string, init: CallInit, key: string | undefined): Promise<Answer> =>
  request(started.service.httpUrl(`/ca/api/v0${path.replace("EVENT", eventId)}`), {
    ...init,
    headers: { ...init.headers, ...(key === undefined ? {} : { "x-api-key": key }) },
  });

test("every call of the API is in the table below", async () => {
  const listed = new Set(CALLS.map(([route]) => route));
  expect([...listed].toSorted()).toEqual((await servedCalls()).toSorted());
});

test.each(CALLS)(
  "%s %s answers each key what it may know, and those that are refused have changed nothing",
  async (...row) => {
    const [, path, init, admin, write, read, other] = row;
    const expected = [
      ["no", 401],
      ["wrong", 401],
      ["expired", 401],
      ["read", read],
      ["write", write],
      ["another workspace's", other],
      ["admin", admin],
    ] as const;
    const bob = { agent_id: "bob", agent_display_name: "Bob" };
    await call("/agent/v1", json("POST", bob), keys.get("admin"));
    const before = await call("/agent/v1/bob", {}, keys.get("read"));
    const refused = expected.filter(([, status]) => status >= 300);
    for (const [name, status] of [
      ...refused,
      ...expected.filter((one) => !refused.includes(one)),
    ]) {
      const answer = await call(path, init, keys.get(name));
      expect([name, answer.status]).toEqual([name, status]);
      expect(answer.body?.["code"]).toBe(init.method === "HEAD" ? undefined : codeOf(path, status));
      if (name !== refused.at(-1)?.[0]) continue;
      const after = await call("/agent/v1/bob", {}, keys.get("read"));
      expect(after.body).toEqual(before.body);
    }
  },
);

test("what another workspace's key lists, changes and deletes is its own", async () => {
  const theirs = keys.get("another workspace's");
  const bob = { agent_id: "bob", agent_display_name: "Ours" };
  await call("/agent/v1/bob", { method: "DELETE" }, keys.get("admin"));
  await call("/agent/v1", json("POST", bob), keys.get("admin"));
  const list = await call("/assistant", {}, theirs);
  expect(list.body?.["agents"]).toEqual([]);
  expect((await call("/agent/v1/bob", { method: "DELETE" }, theirs)).status).toBe(404);
  expect((await call("/agent/v1/bob", {}, keys.get("read"))).status).toBe(200);
});

test("what another workspace's key publishes is seen by that workspace alone", async () => {
  const event = { event_type: "call_completed", call_id: "c-theirs", agent_id: "bob" };
  const theirs = keys.get("another workspace's");
  const { body } = await call("/events", json("POST", event), theirs);
  const [stored] = (body?.["events"] ?? []) as { event_id: string }[];
  const paths = ["/calls/c-theirs/events", `/events/${stored?.event_id}`];
  for (const path of paths) expect((await call(path, {}, theirs)).status).toBe(200);
  for (const path of paths) expect((await call(path, {}, keys.get("admin"))).status).toBe(404);
});
