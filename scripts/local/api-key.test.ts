import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ensureApiKey } from "./api-key.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ringback-key-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const entriesOf = async (keysFile: string): Promise<unknown> =>
  JSON.parse(await readFile(keysFile, "utf8"));

test("a new key is kept for its owner only, its digest goes into the keys file", async () => {
  const { key, keysFile } = await ensureApiKey(directory, "acme");
  expect(key).toMatch(/^rb_local_[0-9a-f]{64}$/);
  expect(await readFile(join(directory, "api-key"), "utf8")).toBe(`${key}\n`);
  expect((await stat(join(directory, "api-key"))).mode & 0o777).toBe(0o600);
  const sha256 = createHash("sha256").update(key).digest("hex");
  expect(await entriesOf(keysFile)).toEqual([
    { id: "local", workspace_id: "acme", sha256, scopes: ["read", "write", "admin"] },
  ]);
});

test("the next run uses the same key", async () => {
  const first = await ensureApiKey(directory, "acme");
  expect(await ensureApiKey(directory, "acme")).toEqual(first);
});

test("a lost key is replaced by a new one, and keys that others added stay", async () => {
  const { key, keysFile } = await ensureApiKey(directory, "acme");
  const other = { id: "other", workspace_id: "ws_2", sha256: "00", scopes: ["read"] };
  await writeFile(keysFile, JSON.stringify([other, ...((await entriesOf(keysFile)) as object[])]));
  await rm(join(directory, "api-key"));
  const again = await ensureApiKey(directory, "acme");
  expect(again.key).not.toBe(key);
  expect(await entriesOf(keysFile)).toMatchObject([other, { id: "local" }]);
});

test("a broken keys file is not overwritten", async () => {
  await writeFile(join(directory, "api-keys.json"), "{}");
  await expect(ensureApiKey(directory, "acme")).rejects.toThrow(
    "api-keys.json is not a JSON array of API keys: mend it or delete it",
  );
});
