import { Buffer } from "node:buffer";
import { accessSubject, type AccessAddress } from "@ringback/contracts/access/access-subject";
import type { StoredKey } from "@ringback/contracts/access/access-record";
import { expect, test } from "vitest";
import { keptLog } from "../../../../test/harness/kept-log.ts";
import { createAccessList, SHOWN_AFTER_END_MS } from "./access-list.ts";

const AT = "2026-01-01T00:00:00.000Z";

const keyOf = (workspace_id: string, more: Partial<StoredKey> = {}): StoredKey => ({
  kind: "key",
  key_id: "k1",
  workspace_id,
  name: "CRM",
  scopes: ["read"],
  secrets: [{ sha256: "ab".repeat(32) }],
  seed: "ef".repeat(32),
  created_by: "admin",
  created_at: AT,
  ...more,
});

const list = () => {
  const access = createAccessList();
  const { log, lines } = keptLog();
  let seq = 0;
  const apply = (address: AccessAddress | string, record: unknown): void => {
    const subject = typeof address === "string" ? address : accessSubject(address);
    const data = Buffer.from(JSON.stringify(record));
    access.apply({ subject, seq: (seq += 1), data }, log);
  };
  return { access, apply, lines };
};

const KEY = { workspaceId: "acme", kind: "key", id: "k1" } as const;

test("a key is known until it is deleted, with the sequence that says so", () => {
  const { access, apply } = list();
  apply(KEY, keyOf("acme"));
  apply(KEY, keyOf("acme", { name: "renamed" }));
  expect(access.key("k1")).toMatchObject({ stored: { name: "renamed" }, seq: 2 });
  expect(access.keysIn("acme")).toHaveLength(1);
  apply(KEY, { kind: "deleted", at: AT, by: "admin" });
  expect(access.key("k1")).toBeUndefined();
  expect(access.counts()).toEqual({ keys: 0, sessions: 0 });
});

test("a scope that only a later version knows permits nothing", () => {
  const { access, apply } = list();
  apply(KEY, keyOf("acme", { scopes: ["later", "publish"] }));
  expect(access.key("k1")?.credential.permissions).toEqual(new Set(["publish"]));
});

test("what another workspace deletes under the same id stays", () => {
  const { access, apply } = list();
  apply(KEY, keyOf("acme"));
  apply({ ...KEY, workspaceId: "other" }, { kind: "deleted", at: AT, by: "them" });
  expect(access.key("k1")).toBeDefined();
});

test.each([
  ["a key of another workspace", KEY, keyOf("other")],
  ["an operator's key", KEY, keyOf("*")],
  ["another id", KEY, keyOf("acme", { key_id: "k2" })],
  ["a key where a session has to be", { ...KEY, kind: "session" as const }, keyOf("acme")],
  ["a foreign subject", "access.acme.key", keyOf("acme")],
  ["something else", KEY, { secrets: "rb_k1_secret" }],
])(
  "a message that holds %s is left out, and the log does not show it",
  (_what, address, record) => {
    const { access, apply, lines } = list();
    apply(address, record);
    expect(access.counts()).toEqual({ keys: 0, sessions: 0 });
    expect(lines).toEqual([expect.stringContaining("access_index.invalid_message")]);
    expect(lines.join("")).not.toMatch(/rb_k1_secret|abab/);
  },
);

test("a key that has ended is shown for 30 days, and forgotten then", () => {
  const { access, apply } = list();
  apply(KEY, keyOf("acme", { expires_at: AT }));
  access.dropEnded(Date.parse(AT) + SHOWN_AFTER_END_MS - 1);
  expect(access.keysIn("acme")).toHaveLength(1);
  access.dropEnded(Date.parse(AT) + SHOWN_AFTER_END_MS);
  expect(access.keysIn("acme")).toHaveLength(0);
});
