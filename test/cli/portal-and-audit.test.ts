import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { jsonLines, ringback } from "./run-ringback.ts";

failOnLeaks();

let platform: Platform;
beforeAll(async () => {
  const env = {
    PORTAL_ORIGIN: "https://portal.example.com",
    PORTAL_FRAME_ANCESTORS: "https://app.example.com",
  };
  platform = await startPlatform({ dispatchers: 0, env });
});
afterAll(() => platform.stop());

const run = (...args: readonly string[]) =>
  ringback(args, {
    RINGBACK_API_URL: platform.subscriptions.httpUrl(),
    RINGBACK_API_KEY: platform.apiKeys[0] ?? "",
  });

test("a session is created, listed and ended, and its address alone is on stdout", async () => {
  const options = ["--agent", "a1,a2", "--expires-in", "60", "--origin", "https://app.example.com"];
  const created = await run("portal-sessions", "create", "--capability", "read,test", ...options);
  expect(created.code).toBe(0);
  expect(created.stdout).toMatch(/^https:\/\/portal\.example\.com\/#session=rbs_\w+\n$/);
  const [session] = jsonLines((await run("portal-sessions", "list", "--json")).stdout);
  expect(session).toMatchObject({ capabilities: ["read", "test"], agents: ["a1", "a2"] });
  const id = String(session?.["session_id"]);
  expect((await run("portal-sessions")).stdout).toMatch(new RegExp(`${id} +read,test +a1,a2`));
  expect((await run("portal-sessions", "delete", id)).stdout).toBe(`${id}: ended\n`);
  const again = await run("portal-sessions", "delete", id);
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("no portal session")]);
  expect((await run("portal-sessions")).stderr).toBe("There are no portal sessions.\n");
});

test.each([
  [["create"], "--capability"],
  [["create", "--capability", "admin"], "Expected one of read"],
  [["create", "--capability", "read", "--expires-in", "soon"], "whole number of seconds"],
])("portal-sessions %j is not understood, and one line says why", async (args, message) => {
  const { code, stderr } = await run("portal-sessions", ...args);
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});

test("the audit says who did what, narrowed by actor, action, kind and time", async () => {
  await run("portal-sessions", "create", "--capability", "read");
  const listed = await eventually(async () => {
    const { stdout } = await run("audit", "--action", "createPortalSession", "--since", "1h");
    if (!stdout.includes("createPortalSession")) throw new Error(stdout);
    return stdout;
  });
  const key = (platform.apiKeys[0] ?? "").split("_")[1] ?? "";
  expect(listed).toMatch(new RegExp(`key:${key} +createPortalSession +s\\w+ +done 201`));
  const entries = jsonLines((await run("audit", "--actor", key, "--json")).stdout);
  expect(entries[0]).toMatchObject({ kind: "change", actor: { kind: "key", id: key } });
  expect((await run("audit", "--kind", "sign_in")).stderr).toBe("There are no such entries.\n");
  expect((await run("audit", "--kind", "all")).code).toBe(2);
  expect((await run("audit", "--since", "soon")).code).toBe(2);
});
