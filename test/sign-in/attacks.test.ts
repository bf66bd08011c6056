import { request } from "node:http";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import type { StartedService } from "../harness/process/start-service.ts";
import { Browser } from "./browser.ts";
import {
  as,
  auditOf,
  begin,
  isConsole,
  PORTAL_HOST,
  signIn,
  startSignInScene,
  tokenIn,
  upToCallback,
  type SignInScene,
} from "./scene.ts";

failOnLeaks();

let scene: SignInScene;
let started: StartedService;
let second: StartedService;
let origin: string;
beforeAll(async () => {
  scene = await startSignInScene();
  ({ started, second, origin } = scene);
});
afterAll(() => scene.stop());
beforeEach(() => begin(scene));

test("an address that is not verified is not taken for the person", async () => {
  scene.oidc.accounts.set("u-eve", {
    email: "ann@example.com",
    email_verified: false,
    groups: ["acme-readers"],
  });
  const eve = as(await signIn(scene, "u-eve"), started);
  expect((await eve.get("/me")).body).toMatchObject({ subject: "u-eve" });
});

test("a response that comes a second time signs nobody in, with its cookie or without", async () => {
  const callback = await upToCallback(scene);
  const cookie = scene.browser.cookieFor(callback);
  const once = await scene.browser.open(callback.href, isConsole);
  expect(tokenIn(once)).toMatch(/^rbs_/);
  const again = await scene.browser.open(callback.href, isConsole);
  expect([again.status, again.text]).toEqual([400, expect.stringContaining("is over")]);
  const stolen = await fetch(callback, { redirect: "manual", headers: { cookie } });
  expect(stolen.status).toBe(400);
  expect(stolen.headers.get("location")).toBeNull();
});

const altered = (callback: URL, name: string, value: string | null): string => {
  const url = new URL(callback);
  if (value === null) url.searchParams.delete(name);
  else url.searchParams.set(name, value);
  return url.href;
};

test.each<[string, string, string | null]>([
  ["another state", "state", "x".repeat(43)],
  ["no state", "state", null],
  ["another code", "code", "x".repeat(43)],
  ["no code", "code", null],
  ["another issuer", "iss", "https://evil.example.com"],
])("with %s nobody is signed in", async (_what, name, value) => {
  const callback = await upToCallback(scene);
  const visited = await scene.browser.open(altered(callback, name, value), isConsole);
  expect([visited.status, visited.url.pathname]).toEqual([400, "/console/callback"]);
});

test("a browser is not signed in with what another one began", async () => {
  const theirs = await upToCallback(scene);
  scene.browser = new Browser();
  await upToCallback(scene);
  const visited = await scene.browser.open(theirs.href, isConsole);
  expect(visited.status).toBe(400);
});

test("nobody chooses where a sign-in leads to", async () => {
  const evil = "https://evil.example.com/";
  const query = ["return_to", "next", "redirect_uri", "redirect", "url"]
    .map((name) => `${name}=${encodeURIComponent(evil)}`)
    .join("&");
  const begun = await scene.browser.open(`${origin}/console/sign-in?${query}`, () => true);
  expect(begun.url.origin).toBe(scene.oidc.issuer);
  expect(begun.url.searchParams.get("redirect_uri")).toBe(`${origin}/console/callback`);
  const callback = await upToCallback(scene);
  const visited = await scene.browser.open(`${callback.href}&${query}`, isConsole);
  expect(visited.url.href.startsWith(`${origin}/console/#session=`)).toBe(true);
});

test("what the browser keeps is for this host, for ten minutes, and not for scripts", async () => {
  const { headers } = await scene.browser.open(`${origin}/console/sign-in`, () => true);
  const [cookie = ""] = headers.getSetCookie();
  expect(cookie).toMatch(/^ringback-sign-in=[\w-]+; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax$/);
  expect(headers.get("cache-control")).toBe("no-store");
});

test("on the portal's host nobody signs in", async () => {
  for (const path of ["/console/sign-in", "/console/callback", "/console/sign-in-options"]) {
    const status = await new Promise((resolve, reject) => {
      request(`${origin}${path}`, { headers: { host: PORTAL_HOST } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on("error", reject)
        .end();
    });
    expect([path, status]).toEqual([path, 404]);
  }
});

test("who was refused is known to operators, and no log has a token, a code or an address of a redirect", async () => {
  const visited = await signIn(scene, "u-nobody");
  expect(visited.status).toBe(403);
  scene.browser = new Browser();
  const olga = as(await signIn(scene, "u-olga"), started);
  expect(await auditOf(olga, "actor=no@example.com", { "x-workspace-id": "*" })).toMatchObject([
    {
      action: "signIn",
      outcome: "refused",
      code: "no_role",
      actor: { kind: "person", id: "no@example.com" },
    },
  ]);
  const theirs = await started.admin.get("/audit?actor=no@example.com");
  expect(theirs.body).toMatchObject({ entries: [] });
  const lines = JSON.stringify([started.service.logs, second.service.logs]);
  expect(lines).not.toMatch(/rbs_[a-z0-9]+_[0-9a-f]{8}|code=|code_verifier|#session|a-secret-of/);
});
