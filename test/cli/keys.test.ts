import { afterAll, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startAccess, type AccessScene } from "../access/scene.ts";
import { jsonLines, ringback } from "./run-ringback.ts";

failOnLeaks();

let scene: AccessScene;
beforeAll(async () => {
  scene = await startAccess();
});
afterAll(() => scene.stop());

const run = (args: readonly string[], key = scene.admin) =>
  ringback(args, { RINGBACK_API_URL: scene.one.service.httpUrl(), RINGBACK_API_KEY: key });

test("a key is made, listed, rotated and deleted; alone on stdout it can go into a file", async () => {
  const made = await run(["keys", "create", "CRM", "--scopes", "read,redeliver", "--agent", "a1"]);
  expect(made).toMatchObject({ code: 0, stderr: expect.stringContaining("shown this once") });
  expect(made.stdout).toMatch(/^rb_k[0-9a-f]{20}_[0-9a-f]{64}\n$/);
  const [, id = ""] = made.stdout.split("_");
  const list = await run(["keys"]);
  expect(list.stdout).toContain(`${id}  CRM`);
  expect(list.stdout).toContain("read, redeliver");
  expect(list.stdout).toMatch(/file\n/);
  const rotated = await run(["keys", "rotate", id, "--overlap", "1h"]);
  expect(rotated).toMatchObject({ code: 0, stderr: expect.stringContaining("counts until") });
  expect(rotated.stdout).not.toBe(made.stdout);
  expect(await run(["keys", "delete", id])).toMatchObject({ code: 0, stdout: `${id}: deleted\n` });
  const gone = await run(["keys", "delete", id]);
  expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining("ringback keys") });
});

test("with --json there is one value on each line", async () => {
  const made = await run(["keys", "create", "json", "--scopes", "read", "--json"]);
  expect(jsonLines(made.stdout)).toMatchObject([{ name: "json", scopes: ["read"], source: "api" }]);
  const listed = jsonLines((await run(["keys", "list", "--json"])).stdout);
  expect(listed.map(({ name }) => name)).toContain("json");
});

test("an operator names the workspace, and lists all of them", async () => {
  const none = await run(["agents"], scene.operator);
  expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining("--workspace") });
  const named = await run(["--workspace", "acme", "agents"], scene.operator);
  expect(named).toMatchObject({ code: 0 });
  const wrong = await run(["--workspace", "a.b", "agents"], scene.operator);
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("a.b") });
  const all = await run(["workspaces"], scene.operator);
  expect(all.stdout).toMatch(/^WORKSPACE.*\nacme .*\nother /);
  expect(await run(["workspaces"])).toMatchObject({ code: 1 });
});

test("what cannot be is said in one line", async () => {
  expect(await run(["keys", "creat"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("create"),
  });
  expect(await run(["keys", "create", "CRM"])).toMatchObject({ code: 2 });
  const scope = await run(["keys", "create", "CRM", "--scopes", "root"]);
  expect(scope).toMatchObject({ code: 1, stderr: expect.stringContaining("scopes.0") });
  const overlap = await run(["keys", "rotate", "k1", "--overlap", "soon"]);
  expect(overlap).toMatchObject({ code: 2, stderr: expect.stringContaining("soon") });
});
