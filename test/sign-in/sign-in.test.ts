import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Answer } from "../harness/api-client.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import type { StartedService } from "../harness/process/start-service.ts";
import type { Visited } from "./browser.ts";
import {
  as,
  auditOf,
  begin,
  isConsole,
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

test("a person signs in, and may do what their groups may, in each workspace that they have", async () => {
  const visited = await signIn(scene, "u-ann");
  expect(visited.status).toBe(303);
  expect(visited.url.href).toMatch(
    new RegExp(String.raw`^${origin}/console/#session=rbs_[a-z0-9]+_[0-9a-f]{64}$`),
  );
  const me = await as(visited, started).get("/me");
  expect(me.body).toMatchObject({
    kind: "person",
    subject: "ann@example.com",
    name: "Ann Lee",
    workspace_id: "acme",
    operator: false,
    workspaces: [{ workspace_id: "beta", permissions: ["read"] }],
  });
  const lengthMs = Date.parse(String(me.body?.["expires_at"])) - Date.now();
  expect(Math.abs(lengthMs - 8 * 3_600_000)).toBeLessThan(60_000);
  const registersIn = (workspace: string): Promise<Answer> =>
    as(visited, started).raw("/agent/v1", {
      method: "POST",
      headers: { "content-type": "application/json", "x-workspace-id": workspace },
      body: JSON.stringify({ agent_id: "bob", agent_display_name: "Bob" }),
    });
  expect([(await registersIn("acme")).status, (await registersIn("beta")).status]).toEqual([
    201, 403,
  ]);
  expect((await registersIn("gamma")).status).toBe(403);
  const history = await started.admin.get("/agent/v1/bob/history");
  expect(history.body).toMatchObject({ changes: [{ actor: "person:ann@example.com" }] });
});

test("who has signed in stands in the audit of their workspaces, and is not seen by others", async () => {
  const visited = await signIn(scene, "u-ann");
  const { body } = await as(visited, started).get("/me");
  const entry = {
    kind: "sign_in",
    action: "signIn",
    outcome: "done",
    actor: { kind: "person", id: "ann@example.com", name: "Ann Lee" },
    resource: { session_id: body?.["id"] },
    address: "127.0.0.1",
  };
  const [acme] = await auditOf(started.admin, "actor=person:ann@example.com");
  const [beta] = await auditOf(started.other, "actor=person:ann@example.com");
  expect([acme, beta]).toEqual([expect.objectContaining(entry), expect.objectContaining(entry)]);
  expect(JSON.stringify([acme, beta])).not.toMatch(/rbs_|code=|state=/);
});

test("an operator's group is for every workspace that they name", async () => {
  const olga = as(await signIn(scene, "u-olga"), started);
  expect((await olga.get("/me")).body).toMatchObject({ operator: true, workspace_id: "*" });
  const list = await olga.raw("/assistant", { headers: { "x-workspace-id": "beta" } });
  expect(list.status).toBe(200);
  expect((await olga.get("/assistant")).status).toBeGreaterThanOrEqual(400);
});

test("one instance finishes what another began, and a sign-out counts in both within a second", async () => {
  const callback = await upToCallback(scene);
  const cookie = scene.browser.cookieFor(callback);
  const there = second.service.httpUrl(`/console/callback${callback.search}`);
  const response = await fetch(there, { redirect: "manual", headers: { cookie } });
  const location = response.headers.get("location") ?? "";
  const session = { url: new URL(location, origin) } as Visited;
  await eventually(async () => {
    expect((await as(session, started).get("/me")).status).toBe(200);
  });
  const out = await fetch(`${origin}/console/sign-out`, {
    method: "POST",
    headers: { authorization: `Bearer ${tokenIn(session)}` },
  });
  expect(out.status).toBe(204);
  expect((await as(session, started).get("/me")).status).toBe(401);
  await eventually(
    async () => {
      expect((await as(session, second).get("/me")).status).toBe(401);
    },
    { timeoutMs: 1_000, what: "a refusal within a second" },
  );
  expect(await auditOf(started.admin, "action=signOut")).toMatchObject([
    { actor: { kind: "person", id: "ann@example.com" } },
  ]);
});

test.each([
  ["u-nobody", 403, "You have no access"],
  ["u-lost", 403, "Your groups are not known"],
])("%s is not signed in, and a page says why", async (who, status, title) => {
  const visited = await signIn(scene, who);
  expect(visited.status).toBe(status);
  expect(visited.url.pathname).toBe("/console/callback");
  expect(visited.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(visited.text).toContain(`<h1>${title}</h1>`);
  expect(visited.text).not.toMatch(/ at .*\.ts|Error/);
});

test("who refuses at the provider is told so", async () => {
  scene.oidc.login = undefined;
  const visited = await scene.browser.open(`${origin}/console/sign-in`, isConsole);
  expect([visited.status, visited.text]).toEqual([403, expect.stringContaining("has refused")]);
});

test("the page asks whether people can sign in, without a key", async () => {
  const response = await fetch(`${origin}/console/sign-in-options`);
  expect([response.status, await response.json()]).toEqual([200, { oidc: true }]);
});
