import { afterAll, beforeAll, expect, test } from "vitest";
import { apiOfNothing } from "../../scripts/openapi/document.ts";
import { SECURITY_HEADERS } from "../../services/subscriptions/src/http/security-headers.ts";

let app: ReturnType<typeof apiOfNothing>;
beforeAll(async () => {
  app = apiOfNothing();
  await app.ready();
});
afterAll(() => app.close());

const get = (url: string, remoteAddress = "192.0.2.1") =>
  app.inject({ method: "GET", url, remoteAddress });

test("the API's document is read without a key, under the headers of every answer", async () => {
  const answer = await get("/openapi.json");
  expect(answer.statusCode).toBe(200);
  expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
  expect(answer.headers).toMatchObject(SECURITY_HEADERS);
  expect(answer.json()).toMatchObject({ openapi: "3.1.1", info: { title: "Ringback" } });
  expect((await get("/openapi.json")).body).toBe(answer.body);
});

test("the page loads only what comes from here, and has nothing inline to run", async () => {
  const page = await get("/docs");
  expect([page.statusCode, page.headers["content-type"]]).toEqual([
    200,
    "text/html; charset=utf-8",
  ]);
  const loaded = [...page.body.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, url = ""]) => url);
  expect(loaded.length).toBeGreaterThan(4);
  expect(loaded.filter((url) => !url.startsWith("/docs/static/"))).toEqual([]);
  expect(page.body).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
  for (const url of loaded) expect([url, (await get(url)).statusCode]).toEqual([url, 200]);
  const start = await get("/docs/static/swagger-initializer.js");
  expect(start.body).toContain("validatorUrl: null");
  const code = start.body.replaceAll(/^\s*\/\/.*$/gm, "");
  expect(code).not.toMatch(/https?:\/\//);
});

test.each(["/docs", "/docs/", "/docs/static/swagger-ui-bundle.js", "/docs/static/index.html"])(
  "%s is under a policy of its own that names no other origin",
  async (url) => {
    const { headers } = await get(url);
    const { "content-security-policy": policy, ...rest } = SECURITY_HEADERS;
    expect(headers).toMatchObject(rest);
    const own = String(headers["content-security-policy"]);
    expect(own).not.toBe(policy);
    expect(own).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'; /);
    expect(own).toContain("frame-ancestors 'none'");
    expect(own).not.toMatch(/https?:|\*|unsafe/);
  },
);

test("the calls, and what is nowhere, stay under the policy that allows nothing", async () => {
  for (const [url, status] of [
    ["/ca/api/v0/assistant", 401],
    ["/nowhere", 404],
  ] as const) {
    const answer = await get(url);
    expect([url, answer.statusCode]).toEqual([url, status]);
    expect(answer.headers).toMatchObject(SECURITY_HEADERS);
  }
});

test("the page and the document take no other methods", async () => {
  for (const url of ["/docs", "/openapi.json"]) {
    const answer = await app.inject({ method: "POST", url });
    expect([url, answer.statusCode, answer.headers["allow"]]).toEqual([url, 405, "GET, HEAD"]);
  }
});

test("an address that reads too often is told when to come back, and others are not", async () => {
  const statuses = new Map<number, number>();
  for (let n = 0; n < 603; n += 1) {
    const { statusCode } = await get("/openapi.json", "192.0.2.2");
    statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1);
  }
  expect([...statuses]).toEqual([
    [200, 600],
    [429, 3],
  ]);
  const refused = await get("/docs", "192.0.2.2");
  expect(refused.json()).toMatchObject({ status: 429, code: "too_many_requests" });
  expect(refused.headers["retry-after"]).toMatch(/^\d+$/);
  expect((await get("/docs", "192.0.2.3")).statusCode).toBe(200);
});
