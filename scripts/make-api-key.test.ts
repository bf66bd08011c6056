import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeTempDir } from "../test/harness/temp-dir.ts";
import { readApiKeyEntries } from "../services/subscriptions/src/http/auth/api-key-entries.ts";
import { apiKeysOf, credentialsIn } from "../services/subscriptions/src/http/auth/api-keys.ts";
import { authenticate } from "../services/subscriptions/src/http/auth/authenticate.ts";
import { permissionsInFile } from "../services/subscriptions/src/http/auth/permissions.ts";
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
  expect(
    authenticate(
      { "x-api-key": key },
      credentialsIn(() => apiKeysOf(read.entries)),
      now,
    ),
  ).toMatchObject({
    workspaceId: "acme",
    permissions: permissionsInFile(["read", "write"]),
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

test("without scopes a key reads and writes", () => {
  expect(keyFor({ WORKSPACE: "acme" }).entry.scopes).toEqual(["read", "write"]);
  expect(keyFor({ WORKSPACE: "acme", SCOPES: "", KEY_ID: "", EXPIRES: "" }).entry.scopes).toEqual([
    "read",
    "write",
  ]);
});

test("FILE takes the entries, beside those that are there, and refuses an id that it has", async () => {
  const FILE = join(await makeTempDir("api-keys"), "new", "api-keys.json");
  const keys: string[] = [];
  for (const KEY_ID of ["a", "b"]) {
    const ran = await run({ WORKSPACE: "acme", KEY_ID, FILE });
    if (ran.kind !== "exited") throw new Error(ran.reason);
    keys.push(ran.stdout.trimEnd());
  }
  const read = readApiKeyEntries(await readFile(FILE, "utf8"));
  if (read.kind !== "entries") throw new Error(read.message);
  expect(read.entries.map(({ id }) => id)).toEqual(["a", "b"]);
  for (const key of keys) {
    expect(
      authenticate(
        { "x-api-key": key },
        credentialsIn(() => apiKeysOf(read.entries)),
        Date.now(),
      ),
    ).toBeDefined();
  }
  expect((await stat(FILE)).mode & 0o777).toBe(0o600);
  expect(await run({ WORKSPACE: "acme", KEY_ID: "a", FILE })).toMatchObject({
    code: 1,
    stdout: "",
    stderr: `api-key: ${FILE} has a key with id 'a': choose another KEY_ID\n`,
  });
});

test.each([
  [{ SCOPES: "read" }, "WORKSPACE: is missing"],
  [{ WORKSPACE: "a.b", SCOPES: "read" }, "workspace_id: must be"],
  [{ WORKSPACE: "acme", SCOPES: "root" }, "scopes.0: Invalid option"],
  [{ WORKSPACE: "acme", SCOPES: "read", KEY_ID: "a b" }, "id: must be 1 to 64 characters"],
  [{ WORKSPACE: "acme", SCOPES: "read", EXPIRES: "soon" }, "expires_at: must be a date"],
])("%j is refused, and no key is printed", async (env, message) => {
  const ran = await run(env);
  expect(ran).toMatchObject({ kind: "exited", code: 1, stdout: "" });
  expect(ran.kind === "exited" && ran.stderr).toContain(message);
});
