import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { readAccessRecord, type StoredKey, type StoredSession } from "./access-record.ts";

const AT = "2026-01-01T00:00:00.000Z";

const KEY: StoredKey = {
  kind: "key",
  key_id: "k1",
  workspace_id: "acme",
  name: "CRM",
  scopes: ["read"],
  secrets: [{ sha256: "ab".repeat(32) }, { sha256: "cd".repeat(32), until: AT }],
  seed: "ef".repeat(32),
  created_by: "admin",
  created_at: AT,
};

const SESSION: StoredSession = {
  kind: "person",
  session_id: "s1",
  workspace_id: "*",
  sha256: "ab".repeat(32),
  permissions: ["admin"],
  roles: [{ workspace_id: "acme", permissions: ["read"] }],
  subject: "ann@example.com",
  created_by: { actor: "person:ann@example.com" },
  created_at: AT,
  expires_at: AT,
};

const read = (value: unknown) =>
  readAccessRecord(Buffer.from(typeof value === "string" ? value : JSON.stringify(value)));

test.each([[KEY], [SESSION], [{ kind: "deleted", at: AT, by: "admin" }]])(
  "a %j is read as it was stored",
  (record) => {
    expect(read(record)).toEqual({ kind: "record", record });
  },
);

test("what a later version adds does not keep an earlier one from reading", () => {
  const later = { ...KEY, scopes: ["read", "later"], note: "new" };
  expect(read(later)).toEqual({ kind: "record", record: { ...KEY, scopes: ["read", "later"] } });
});

test.each([
  ["", "is not JSON"],
  ["[]", "is no key and no session: kind"],
  [{ ...KEY, kind: "other" }, "is no key and no session: kind"],
  [{ ...KEY, secrets: [] }, "is no key and no session: secrets"],
  [{ ...KEY, secrets: [{ sha256: "rb_k1_secret" }] }, "secrets.0.sha256"],
  [{ ...SESSION, expires_at: "soon" }, "is no key and no session: expires_at"],
])("%j is refused with the field, and not with what is in it", (value, message) => {
  const result = read(value);
  expect(result).toMatchObject({ kind: "invalid", message: expect.stringContaining(message) });
  expect(JSON.stringify(result)).not.toContain("rb_k1_secret");
});
