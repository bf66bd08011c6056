import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createHash } from "node:crypto";
import { createLogger } from "@ringback/runtime/telemetry/logger";
import { afterEach, expect, test } from "vitest";
import { apiKeysOf, credentialsIn } from "./auth/api-keys.ts";
import { buildApp, type AppBounds } from "./app.ts";
import type { Api, Feature } from "./api.ts";
import { agentNotFound, sendProblem } from "./problem.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";

const KEY = "rb_k1_0123456789";
const OTHER_KEY = "rb_k2_0123456789";
const NO_BOUNDS = { eventLoopDelayMs: 0, heapUsedBytes: 0 };
const PATH = "/ca/api/v0/agent/v1";

const opened: Api[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((app) => app.close()));
});

const entry = (id: string, key: string) => ({
  id,
  workspace_id: "acme",
  sha256: createHash("sha256").update(key).digest("hex"),
  scopes: ["admin" as const],
});

/** Calls that do nothing, at paths of the API. */
const calls: Feature = (api) => {
  api.get("/assistant", { config: { permission: "read" } }, async () => ({}));
  api.patch("/agent/v1", async () => ({}));
  api.post("/agent/v1", async () => ({}));
  api.get<{ Params: { id: string } }>("/agent/:id", async ({ params }) => params);
  api.get<{ Params: { agent_id: string } }>("/agent/v1/:agent_id", (request, reply) =>
    sendProblem(reply, agentNotFound(request.params.agent_id)),
  );
};

const appWith = (
  bounds: Partial<AppBounds> = {},
  requestsPerMinutePerKey = 1_000,
  trustedProxies: readonly string[] = [],
): Api => {
  const frame = {
    known: credentialsIn(() => apiKeysOf([entry("k1", KEY), entry("k2", OTHER_KEY)])),
    now: () => new Date(),
    metrics: { served: () => undefined, responded: () => undefined },
    log: createLogger("test", "fatal"),
    requestsPerMinutePerKey,
    trustedProxies,
    bounds: { requestMs: 10_000, overload: NO_BOUNDS, ...bounds },
  };
  const app = buildApp(frame, [calls]);
  opened.push(app);
  return app;
};

const get = (app: Api, key?: string, url = "/ca/api/v0/assistant") =>
  app.inject({ method: "GET", url, headers: key === undefined ? {} : { "x-api-key": key } });

/** Everything that a listening app says to these bytes until it closes the connection. */
const said = async (app: Api, text: string, use?: (socket: Socket) => void): Promise<string> => {
  const { port } = new URL(await app.listen({ host: "127.0.0.1", port: 0 }));
  const socket = connect(Number(port), "127.0.0.1");
  let response = "";
  socket.on("data", (data) => {
    response += data.toString("latin1");
  });
  socket.on("error", () => undefined); // it may be cut off while it is still written to
  socket.write(text);
  use?.(socket);
  await once(socket, "close");
  return response;
};

const HEAD = `PATCH ${PATH} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n`;

test.each([
  ["headers that stop in the middle", `${HEAD}x-api-key`],
  ["a body that stops in the middle", `${HEAD}x-api-key: ${KEY}\r\ncontent-length: 100\r\n\r\n{`],
])("%s are answered 408, and nothing is kept waiting", async (_what, text) => {
  const response = await said(appWith({ requestMs: 200 }), text);
  expect(response).toMatch(
    /^HTTP\/1\.1 408 Request Timeout\r\ncontent-type: application\/problem\+json/,
  );
  const [head = "", body = ""] = response.split("\r\n\r\n");
  expect(JSON.parse(body)).toMatchObject({ status: 408, code: "request_timeout" });
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
    expect(head).toContain(`${name}: ${value}`);
  }
});

test("a body that drips in after its response gets no second one", async () => {
  const text = `${HEAD}x-api-key: wrong\r\ncontent-length: 100\r\n\r\n{`;
  const response = await said(appWith({ requestMs: 200 }), text);
  expect(response.match(/HTTP\/1\.1/g)).toHaveLength(1);
  expect(response).toMatch(/^HTTP\/1\.1 401 /);
});

test.each([
  ["nothing was ever sent", ""],
  ["a body drips in", `${HEAD}x-api-key: ${KEY}\r\ncontent-length: 100\r\n\r\n{`],
])(
  "a connection on which %s does not keep the app from closing",
  { timeout: 5_000 },
  async (_what, text) => {
    const app = appWith({ requestMs: 1_000 }); // long before it, closing begins
    const closed = Promise.withResolvers<void>();
    const close = () => void app.close().then(closed.resolve, closed.reject);
    app.server.once(text === "" ? "connection" : "request", () => setImmediate(close));
    const response = await said(app, text, (socket) => {
      const dripping = setInterval(() => text !== "" && socket.write(" "), 20);
      socket.once("close", () => clearInterval(dripping));
    });
    await closed.promise;
    expect(response).toBe("");
  },
);

test("headers beyond 16 KiB are answered 431", async () => {
  const response = await said(appWith(), `${HEAD}x-api-key: ${"k".repeat(20_000)}\r\n\r\n`);
  expect(response).toMatch(/^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/);
  expect(response).toContain('"code":"headers_too_large"');
});

test.each([
  ["two lengths", "content-length: 1\r\ncontent-length: 2\r\n\r\n{}"],
  ["a length and chunks", "content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"],
  ["NUL in a header", "x-a: a\0b\r\n\r\n"],
  ["a bare line feed", "x-a: a\nx-b: b\r\n\r\n"],
  ["a space before the colon", "x-a : a\r\n\r\n"],
])("%s are no HTTP: 400", async (_what, rest) => {
  const response = await said(appWith(), `${HEAD}x-api-key: ${KEY}\r\n${rest}`, (socket) =>
    socket.end(),
  );
  expect(response).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  expect(response).toContain('"code":"bad_request"');
});

test("a key that asks too often is answered 429 with the seconds to wait, and no other key is", async () => {
  const app = appWith({}, 3);
  const statuses = [];
  for (let n = 0; n < 5; n += 1) statuses.push((await get(app, KEY)).statusCode);
  expect(statuses).toEqual([200, 200, 200, 429, 429]);
  const refused = await get(app, KEY);
  expect(refused.json()).toMatchObject({ status: 429, code: "too_many_requests" });
  expect(refused.headers["content-type"]).toMatch(/^application\/problem\+json/);
  expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  expect(Number(refused.headers["retry-after"])).toBeLessThanOrEqual(60);
  expect((await get(app, OTHER_KEY)).statusCode).toBe(200);
});

test("whoever guesses keys is slowed down, and the owner of a key at the same address is not", async () => {
  const app = appWith();
  const statuses = new Map<number, number>();
  for (let n = 0; n < 605; n += 1) {
    const { statusCode } = await get(app, `rb_k1_guess${n}`);
    statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1);
  }
  expect([...statuses]).toEqual([
    [401, 600],
    [429, 5],
  ]);
  expect((await get(app)).headers["retry-after"]).toMatch(/^\d+$/);
  expect((await get(app, KEY)).statusCode).toBe(200);
});

test("strangers behind a trusted proxy are told apart, and nobody else says who they are", async () => {
  const app = appWith({}, 1_000, ["10.0.0.0/8"]);
  const ask = async (remoteAddress: string, forwarded: string): Promise<number> => {
    const headers = { "x-forwarded-for": forwarded };
    const url = "/ca/api/v0/assistant";
    return (await app.inject({ method: "GET", url, headers, remoteAddress })).statusCode;
  };
  for (let n = 0; n < 600; n += 1) {
    await ask("10.1.2.3", "198.51.100.1");
    await ask("203.0.113.9", `198.51.100.${n % 200}`);
  }
  expect(await ask("10.1.2.3", "198.51.100.1")).toBe(429);
  expect(await ask("10.1.2.3", "198.51.100.2")).toBe(401);
  expect(await ask("203.0.113.9", "198.51.100.3")).toBe(429);
});

test("beyond its bounds the process responds 503 at once, and says when to ask again", async () => {
  const app = appWith({ overload: { ...NO_BOUNDS, heapUsedBytes: 1 } });
  await app.ready();
  // It looks every two seconds.
  await expect.poll(async () => (await get(app, KEY)).statusCode, { timeout: 5_000 }).toBe(503);
  const response = await get(app, KEY);
  expect(response.json()).toMatchObject({ status: 503, code: "overloaded" });
  expect(response.headers["retry-after"]).toBe("5");
  expect(response.headers["content-type"]).toMatch(/^application\/problem\+json/);
});

test("a process far below its bounds refuses nothing", async () => {
  const app = appWith({ overload: { eventLoopDelayMs: 60_000, heapUsedBytes: 1e12 } });
  expect((await get(app, KEY)).statusCode).toBe(200);
});

test("every response says that it is neither a page nor to be kept, whatever it is", async () => {
  const app = appWith();
  const responses = [
    await get(app, KEY),
    await get(app),
    await get(app, KEY, "/nowhere"),
    await get(app, KEY, `${PATH}/%ZZ`),
    await get(app, KEY, PATH),
  ];
  expect(responses.map(({ statusCode }) => statusCode)).toEqual([200, 401, 404, 400, 405]);
  for (const { headers } of responses) expect(headers).toMatchObject(SECURITY_HEADERS);
});

test("an expectation that nobody knows is answered 417", async () => {
  const rest = `x-api-key: ${KEY}\r\nexpect: wonders\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}`;
  const response = await said(appWith(), `${HEAD}${rest}`);
  expect(response).toMatch(/^HTTP\/1\.1 417 /);
  expect(response).toContain('"code":"expectation_failed"');
});

test("of two content types none counts, and without any there is none", async () => {
  const types = "content-type: text/plain\r\n";
  const rest = `x-api-key: ${KEY}\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}`;
  const response = await said(appWith(), `${HEAD}${types}${rest}`);
  expect(response).toMatch(/^HTTP\/1\.1 415 /);
  expect(response).toContain("There are 2 Content-Type headers");
  const none = await appWith().inject({ method: "POST", url: PATH, headers: { "x-api-key": KEY } });
  expect(none.json()).toMatchObject({ status: 415, code: "unsupported_media_type" });
});

test("an id that is longer than any is no agent's", async () => {
  const response = await get(appWith(), KEY, `${PATH}/${"x".repeat(5_000)}`);
  expect(response.json()).toMatchObject({ status: 404, code: "agent_not_found" });
  expect(response.body.length).toBeLessThan(500);
});

test("a known path responds 405 to every method that HTTP has and it does not", async () => {
  const app = appWith();
  for (const method of ["PUT", "OPTIONS", "TRACE", "PROPFIND", "QUERY", "PURGE", "M-SEARCH"]) {
    const response = await app.inject({ method: method as "PUT", url: PATH });
    expect([method, response.statusCode]).toEqual([method, 405]);
    expect(response.headers["allow"]).toBe("PATCH, POST");
  }
});

test("a known path is not taken for another path's parameter, and one with a parameter is known too", async () => {
  const app = appWith();
  for (const [method, url, allow] of [
    ["GET", PATH, "PATCH, POST"],
    ["HEAD", PATH, "PATCH, POST"],
    ["DELETE", `${PATH}/bob?a=b`, "GET, HEAD"],
    ["DELETE", "/ca/api/v0/agent/%62ob", "GET, HEAD"],
    ["POST", "/openapi.json", "GET, HEAD"],
  ] as const) {
    const response = await app.inject({ method, url });
    expect([url, response.statusCode, response.headers["allow"]]).toEqual([url, 405, allow]);
  }
});

test("what is counted, logged and traced of a request is its path's pattern, of a 405 too", async () => {
  const seen: unknown[] = [];
  const app = buildApp(
    {
      known: credentialsIn(() => new Map()),
      now: () => new Date(),
      metrics: {
        served: () => undefined,
        responded: (...request) => seen.push(request.slice(0, 2)),
      },
      log: createLogger("test", "fatal"),
      requestsPerMinutePerKey: 1,
    },
    [calls],
  );
  opened.push(app);
  await app.inject({ method: "PUT", url: `${PATH}/bob` });
  await app.inject({
    method: "PUT",
    url: PATH,
    headers: { "content-type": "text/plain" },
    body: "x",
  });
  await app.inject({ method: "GET", url: "/nowhere" });
  expect(seen).toEqual([
    [{ method: "PUT", route: `${PATH}/:agent_id` }, 405],
    [{ method: "PUT", route: PATH }, 405],
    [{ method: "GET", route: undefined }, 404],
  ]);
});

test.each([
  ["/nowhere?x=%E0%A4%A", 404],
  [`${PATH}?x=%E0%A4%A`, 405],
  ["/nowhere%zz", 400],
  ["/nowhere%E0%A4%A", 400],
  ["/%2e%2e/nowhere", 404],
  ["/ca/api/v0/agent/", 405], // the router takes a parameter that is empty, too
  ["/ca/api/v0/agent/v1/", 405],
])("an odd path that does not take a method, %s, is answered %i", async (url, status) => {
  const response = await appWith().inject({ method: "DELETE", url });
  expect(response.statusCode).toBe(status);
});

test("a path that is not there is told which ones are, without what its query held", async () => {
  const { statusCode, body } = await get(appWith(), KEY, "/ca/api/v0/agents?token=s3cret");
  expect(statusCode).toBe(404);
  expect(body).toContain("/ca/api/v0/agents");
  expect(body).toContain("/ca/api/v0/agent/v1/{agent_id}");
  expect(body).not.toContain("s3cret");
});
