import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { ApiKeyEntry } from "./api-key-entries.ts";
import { apiKeysOf, authenticate } from "./api-keys.ts";
import { permissionsInFile } from "./permissions.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");

const entry = (key: string, id: string, rest: Partial<ApiKeyEntry> = {}): ApiKeyEntry => ({
  id,
  workspace_id: "acme",
  sha256: createHash("sha256").update(key).digest("hex"),
  scopes: ["read"],
  ...rest,
});

const KEY = "rb_one_s3cret-_x";
const KEYS = apiKeysOf([
  entry(KEY, "one"),
  entry("rb_two_a", "two", { expires_at: "2026-01-01T00:00:00Z" }),
  entry("rb_three_a", "three", { expires_at: "2026-01-01T00:00:01Z" }),
  entry("rb_a_b_c_secret_x", "a_b_c", { workspace_id: "long" }),
  entry("rb_a_b_other", "a", { workspace_id: "short" }),
]);

describe("a caller is known by its key", () => {
  test.each([
    ["X-API-KEY", { "x-api-key": KEY }, "one"],
    ["Authorization: Bearer", { authorization: `Bearer ${KEY}` }, "one"],
    ["the scheme in other letters", { authorization: `bearer ${KEY}` }, "one"],
    ["a key that has not ended yet", { "x-api-key": "rb_three_a" }, "three"],
    ["an id and a secret with underscores", { "x-api-key": "rb_a_b_c_secret_x" }, "a_b_c"],
    ["the shorter of two ids that both fit", { "x-api-key": "rb_a_b_other" }, "a"],
  ])("%s", (_what, headers, keyId) => {
    expect(authenticate(headers, KEYS, NOW)).toMatchObject({ keyId });
  });
});

describe("nobody is known by", () => {
  test.each([
    ["no header at all", {}],
    ["an empty key", { "x-api-key": "" }],
    ["a wrong secret", { "x-api-key": `${KEY}x` }],
    ["an unknown id", { "x-api-key": "rb_none_x" }],
    ["a key of another shape", { "x-api-key": "one" }],
    ["a key without a secret", { "x-api-key": "rb_one" }],
    ["two keys in one header", { "x-api-key": `${KEY}, ${KEY}` }],
    ["a key that has ended", { "x-api-key": "rb_two_a" }],
    ["a very long key", { "x-api-key": `rb_one_${"x_".repeat(100_000)}` }],
    ["Basic authorization", { authorization: `Basic ${KEY}` }],
    [
      "a good Bearer beside a wrong X-API-KEY",
      { "x-api-key": "x", authorization: `Bearer ${KEY}` },
    ],
    [
      "a good Bearer beside an empty X-API-KEY",
      { "x-api-key": "", authorization: `Bearer ${KEY}` },
    ],
  ])("%s", (_what, headers) => {
    expect(authenticate(headers, KEYS, NOW)).toBeUndefined();
  });
});

test("a caller may do what the scopes of its key permit", () => {
  const keys = apiKeysOf([entry(KEY, "one", { scopes: ["write"] })]);
  const caller = authenticate({ "x-api-key": KEY }, keys, NOW);
  expect(caller?.permissions).toEqual(permissionsInFile(["write"]));
});

test("a workspace has two keys while one replaces the other, and the old one ends by itself", () => {
  const keys = apiKeysOf([
    entry("rb_old_a", "old", { expires_at: "2026-01-01T00:00:01Z" }),
    entry("rb_new_b", "new"),
  ]);
  const at = (key: string, ms: number) =>
    authenticate({ "x-api-key": key }, keys, NOW + ms)?.workspaceId;
  expect([at("rb_old_a", 999), at("rb_new_b", 999)]).toEqual(["acme", "acme"]);
  expect([at("rb_old_a", 1_000), at("rb_new_b", 1_000)]).toEqual([undefined, "acme"]);
});
