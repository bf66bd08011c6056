import { afterAll, beforeAll, expect, test } from "vitest";
import { PATHS } from "../../services/subscriptions/src/routes/methods.ts";
import { writeApiKeysFile } from "../harness/api-keys.ts";
import { failOnLeaks } from "../harness/leaks.ts";
import { type NatsServer, startNatsServer } from "../harness/nats-server.ts";
import { type Answer, type CallInit, editOf, request } from "./api-client.ts";
import { type StartedService, startOn } from "./start-service.ts";

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
const keys = new Map<string, string | undefined>([
  ["no", undefined],
  ["wrong", "rb_x_y"],
]);
beforeAll(async () => {
  server = await startNatsServer();
  const keysFile = await writeApiKeysFile(KEYS.map(([, key]) => key));
  started = await startOn(server, { keysFile });
  for (const [n, [name]] of KEYS.entries()) keys.set(name, keysFile.keys[n]);
});
afterAll(async () => {
  await started.service.stop();
  await server.stop();
});

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

/** What every call answers to a key of each scope, and to one of another workspace. */
const CALLS: readonly Row[] = [
  ["GET /agent/v1/:agent_id", "/agent/v1/bob", {}, 200, 200, 200, 404],
  ["HEAD /agent/v1/:agent_id", "/agent/v1/bob", { method: "HEAD" }, 200, 200, 200, 404],
  ["GET /agent/v1/:agent_id/stats", "/agent/v1/bob/stats", {}, 200, 200, 200, 404],
  ["HEAD /agent/v1/:agent_id/stats", "/agent/v1/bob/stats", { method: "HEAD" }, 200, 200, 200, 404],
  ["GET /attempts", "/attempts", {}, 200, 200, 200, 200],
  ["HEAD /attempts", "/attempts", { method: "HEAD" }, 200, 200, 200, 200],
  ["GET /dead-letters", "/dead-letters", {}, 200, 200, 200, 200],
  ["HEAD /dead-letters", "/dead-letters", { method: "HEAD" }, 200, 200, 200, 200],
  ["GET /events", "/events", {}, 200, 200, 200, 200],
  ["HEAD /events", "/events", { method: "HEAD" }, 200, 200, 200, 200],
  ["GET /assistant", "/assistant", {}, 200, 200, 200, 200],
  ["HEAD /assistant", "/assistant", { method: "HEAD" }, 200, 200, 200, 200],
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
];

const CODES: Readonly<Record<number, string>> = {
  401: "unauthorized",
  403: "insufficient_scope",
  404: "agent_not_found",
};

const call = (path: string, init: CallInit, key: string | undefined): Promise<Answer> =>
  request(started.service.httpUrl(`/ca/api/v0${path}`), {
    ...init,
    headers: { ...init.headers, ...(key === undefined ? {} : { "x-api-key": key }) },
  });

test("every call of the API is in the table below", () => {
  const routes = Object.entries(PATHS).flatMap(([path, methods]) =>
    methods.map((method) => `${String(method)} ${path.replace("/ca/api/v0", "")}`),
  );
  expect([...new Set(CALLS.map(([route]) => route))].toSorted()).toEqual(routes.toSorted());
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
      expect(answer.body?.["code"]).toBe(init.method === "HEAD" ? undefined : CODES[status]);
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
