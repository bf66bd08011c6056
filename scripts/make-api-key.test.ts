import { createHash } from "node:crypto";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readApiKeyEntries } from "../services/subscriptions/src/http/auth/api-key-entries.ts";
import { apiKeysOf, authenticate } from "../services/subscriptions/src/http/auth/api-keys.ts";
import { runCommand } from "./command.ts";
import { keyFor } from "./make-api-key.ts";

const run = (env: Record<string, string>) =>
  runCommand(process.execPath, [join(import.meta.dirname, "make-api-key.ts")], {
    timeoutMs: 10_000,
    env,
  });

test("the printed key opens the service that has the printed line", async () => {
  const ran = await run({ WORKSPACE: "acme", SCOPES: "read,write", EXPIRES: "2030-01-31" });
  if (ran.kind !== "exited") throw new Error(ran.reason);
  const [key = "", line = "", ...rest] = ran.stdout.trimEnd().split("\n");
  expect(rest).toEqual([]);
  const read = readApiKeyEntries(`[${line}]`);
  if (read.kind !== "entries") throw new Error(read.message);
  const now = Date.parse("2029-01-01");
  expect(authenticate({ "x-api-key": key }, apiKeysOf(read.entries), now)).toMatchObject({
    workspaceId: "acme",
    scopes: new Set(["read", "write"]),
  });
  expect(line).not.toContain(key.split("_").at(-1));
  expect(ran.stderr).not.toContain(key);
});

test("a secret has 256 random bits, and is another one each time", () => {
  const keys = Array.from({ length: 200 }, () => keyFor({ WORKSPACE: "w", SCOPES: "read" }));
  for (const { key, entry } of keys) {
    expect(key).toMatch(new RegExp(`^rb_${entry.id}_[0-9a-f]{64}$`));
    expect(entry.sha256).toBe(createHash("sha256").update(key).digest("hex"));
  }
  expect(new Set(keys.map(({ key }) => key.split("_").at(-1))).size).toBe(200);
});

test.each([
  [{ SCOPES: "read" }, "WORKSPACE: is missing"],
  [{ WORKSPACE: "acme" }, "SCOPES: is missing"],
  [{ WORKSPACE: "a.b", SCOPES: "read" }, "workspace_id: must be"],
  [{ WORKSPACE: "acme", SCOPES: "root" }, "scopes.0: Invalid option"],
  [{ WORKSPACE: "acme", SCOPES: "read", KEY_ID: "a b" }, "id: must be 1 to 64 characters"],
  [{ WORKSPACE: "acme", SCOPES: "read", EXPIRES: "soon" }, "expires_at: must be a date"],
])("%j is refused, and no key is printed", async (env, message) => {
  const ran = await run(env);
  expect(ran).toMatchObject({ kind: "exited", code: 1, stdout: "" });
  expect(ran.kind === "exited" && ran.stderr).toContain(message);
});
