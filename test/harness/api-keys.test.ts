import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { writeApiKeysFile } from "./api-keys.ts";

test("the file knows the digests of the keys and not the keys", async () => {
  const expiresAt = "2030-01-01T00:00:00.000Z";
  const { file, keys } = await writeApiKeysFile([
    { workspaceId: "w1", scopes: ["read", "write"] },
    { workspaceId: "w2", scopes: ["admin"], expiresAt },
  ]);
  const ids = keys.map((key) => /^rb_([A-Za-z0-9]+)_[0-9a-f]{64}$/.exec(key)?.[1]);
  const sha256 = keys.map((key) => createHash("sha256").update(key).digest("hex"));
  expect(JSON.parse(await readFile(file, "utf8"))).toEqual([
    { id: ids[0], workspace_id: "w1", sha256: sha256[0], scopes: ["read", "write"] },
    { id: ids[1], workspace_id: "w2", sha256: sha256[1], scopes: ["admin"], expires_at: expiresAt },
  ]);
});

test("an earlier file can be replaced", async () => {
  const first = await writeApiKeysFile([{ workspaceId: "w1", scopes: ["read"] }]);
  const second = await writeApiKeysFile([], first.file);
  expect(second.file).toBe(first.file);
  expect(await readFile(first.file, "utf8")).toBe("[]");
});
