import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { ApiKeyEntry } from "./api-key-entries.ts";
import { apiKeysOf, credentialsIn } from "./api-keys.ts";
import { authenticate } from "./authenticate.ts";
import type { Credential, Credentials } from "./credential.ts";
import { permissionsInFile } from "./permissions.ts";

const sha256 = (key: string) => createHash("sha256").update(key).digest("hex");

const NOW = Date.parse("2026-01-01T00:00:00Z");

const entry = (key: string, id: string, rest: Partial<ApiKeyEntry> = {}): ApiKeyEntry => ({
  id,
  workspace_id: "acme",
  sha256: sha256(key),
  scopes: ["read"],
  ...rest,
});

const KEY = "rb_one_s3cret-_x";
/** What is known of a file of these keys. */
const keysOf = (entries: readonly ApiKeyEntry[]): Credentials => {
  const keys = apiKeysOf(entries);
  return credentialsIn(() => keys);
};

const KEYS = keysOf([
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
    expect(authenticate(headers, KEYS, NOW)).toMatchObject({ id: keyId });
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
  const keys = keysOf([entry(KEY, "one", { scopes: ["write"] })]);
  const caller = authenticate({ "x-api-key": KEY }, keys, NOW);
  expect(caller?.permissions).toEqual(permissionsInFile(["write"]));
});

test("a workspace has two keys while one replaces the other, and the old one ends by itself", () => {
  const keys = keysOf([
    entry("rb_old_a", "old", { expires_at: "2026-01-01T00:00:01Z" }),
    entry("rb_new_b", "new"),
  ]);
  const at = (key: string, ms: number) =>
    authenticate({ "x-api-key": key }, keys, NOW + ms)?.workspaceId;
  expect([at("rb_old_a", 999), at("rb_new_b", 999)]).toEqual(["acme", "acme"]);
  expect([at("rb_old_a", 1_000), at("rb_new_b", 1_000)]).toEqual([undefined, "acme"]);
});

const session: Credential = {
  kind: "portal",
  id: "s1",
  workspaceId: "acme",
  permissions: new Set(["read"]),
  digests: [{ sha256: sha256("rbs_s1_a_b") }],
  seed: "",
  actor: "portal:s1",
  expiresAtMs: NOW + 1_000,
  madeByKey: "one",
};
const withSession = (keys: Credentials, given = session): Credentials => ({
  ...keys,
  session: (id) => (id === given.id ? given : undefined),
});
const bySession = { authorization: "Bearer rbs_s1_a_b" };

test("a session is known by its token until it ends", () => {
  const known = withSession(KEYS);
  expect(authenticate(bySession, known, NOW + 999)).toMatchObject({
    id: "s1",
    workspaceId: "acme",
    actor: "portal:s1",
  });
  expect(authenticate(bySession, known, NOW + 1_000)).toBeUndefined();
  expect(authenticate({ "x-api-key": "rbs_s1_a_c" }, known, NOW)).toBeUndefined();
  expect(authenticate({ "x-api-key": "rbs_s2_a_b" }, known, NOW)).toBeUndefined();
});

test("a session ends with the key that made it: when that is revoked, and when it ends", () => {
  const revoked = withSession(keysOf([]));
  expect(authenticate(bySession, revoked, NOW)).toBeUndefined();
  const ended = withSession(keysOf([entry(KEY, "one", { expires_at: "2026-01-01T00:00:00Z" })]));
  expect(authenticate(bySession, ended, NOW - 1)).toMatchObject({ id: "s1" });
  expect(authenticate(bySession, ended, NOW)).toBeUndefined();
  const { madeByKey: _, ...ofPerson } = session;
  expect(authenticate(bySession, withSession(keysOf([]), ofPerson), NOW)).toMatchObject({
    id: "s1",
  });
});

test("a secret that was replaced is known until its overlap ends, and the new one from then on too", () => {
  const rotated: Credential = {
    ...session,
    kind: "key",
    id: "k1",
    digests: [{ sha256: sha256("rb_k1_new") }, { sha256: sha256("rb_k1_old"), untilMs: NOW + 10 }],
  };
  const known = { ...KEYS, keys: (id: string) => (id === "k1" ? [rotated] : KEYS.keys(id)) };
  const at = (key: string, ms: number) => authenticate({ "x-api-key": key }, known, NOW + ms)?.id;
  expect([at("rb_k1_old", 9), at("rb_k1_new", 9)]).toEqual(["k1", "k1"]);
  expect([at("rb_k1_old", 10), at("rb_k1_new", 10)]).toEqual([undefined, "k1"]);
});

test("what is derived from a key stays the same over its rotations", () => {
  const caller = authenticate({ "x-api-key": KEY }, KEYS, NOW);
  expect(caller?.seed).toBe(sha256(KEY));
});
