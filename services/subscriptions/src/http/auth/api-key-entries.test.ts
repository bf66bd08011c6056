import { expect, test } from "vitest";
import { readApiKeyEntries } from "./api-key-entries.ts";

const entry = {
  id: "one",
  workspace_id: "acme",
  sha256: "ab".repeat(32),
  scopes: ["read"],
};

test("entries are read, with and without an end", () => {
  const second = { ...entry, id: "two", scopes: ["write", "admin"], expires_at: "2030-01-31" };
  const third = { ...entry, id: "a_b-C", expires_at: "2030-01-31T00:00:00+02:00" };
  const entries = [entry, second, third];
  expect(readApiKeyEntries(JSON.stringify(entries))).toEqual({ kind: "entries", entries });
});

test("a file without keys is one in which nobody is known", () => {
  expect(readApiKeyEntries("[]")).toEqual({ kind: "entries", entries: [] });
});

test.each([
  ["[{", "is not valid JSON"],
  ["", "is not valid JSON"],
  ["{}", "is not a JSON array of keys"],
  ["[1]", "entry 0: Invalid input: expected object, received number"],
  [JSON.stringify([{ ...entry, id: "a b" }]), "entry 0: id: must be 1 to 64 characters"],
  [JSON.stringify([{ ...entry, workspace_id: "a.b" }]), "entry 0 ('one'): workspace_id: must be"],
  [JSON.stringify([{ ...entry, sha256: "abc" }]), "entry 0 ('one'): sha256: must be the 64 hex"],
  [JSON.stringify([{ ...entry, scopes: [] }]), "entry 0 ('one'): scopes: must name at least one"],
  [JSON.stringify([{ ...entry, scopes: ["root"] }]), "entry 0 ('one'): scopes.0: Invalid option"],
  [
    JSON.stringify([{ ...entry, expires_at: "soon" }]),
    "entry 0 ('one'): expires_at: must be a date",
  ],
  [JSON.stringify([{ ...entry, expire_at: "2030-01-31" }]), `Unrecognized key: "expire_at"`],
  [JSON.stringify([entry, entry]), "entry 1 ('one'): id: is there twice"],
])("%s is refused with the entry and what is wrong", (text, message) => {
  const read = readApiKeyEntries(text);
  expect(read.kind).toBe("invalid");
  expect(read.kind === "invalid" && read.message).toContain(message);
});

test("all wrong entries are named together", () => {
  const wrong = [{ ...entry, sha256: "" }, entry, { ...entry, id: "two", scopes: "read" }];
  const read = readApiKeyEntries(JSON.stringify(wrong));
  expect(read).toMatchObject({
    kind: "invalid",
    message: expect.stringMatching(/^entry 0 \('one'\): sha256: .*; entry 2 \('two'\): scopes: /),
  });
});

test("a key that was put into the file by mistake is not repeated", () => {
  const secret = "rb_one_verysecret";
  const texts = [
    JSON.stringify([{ ...entry, id: secret, scopes: [] }]),
    JSON.stringify([{ ...entry, sha256: secret }]),
    JSON.stringify([{ ...entry, workspace_id: `${secret}.` }]),
    `[{"id": ${secret}}]`,
  ];
  for (const text of texts) {
    const read = readApiKeyEntries(text);
    expect(read.kind).toBe("invalid");
    expect(JSON.stringify(read)).not.toContain("verysecret");
  }
});
