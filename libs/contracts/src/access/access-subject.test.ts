import { expect, test } from "vitest";
import { accessOfWorkspace, accessSubject, parseAccessSubject } from "./access-subject.ts";

test.each([
  [{ workspaceId: "acme", kind: "key", id: "k1" }, "access.acme.key.k1"],
  [{ workspaceId: "acme", kind: "session", id: "s1" }, "access.acme.session.s1"],
  [{ workspaceId: "*", kind: "key", id: "k1" }, "access.=operators.key.k1"],
] as const)("%j has a subject, and is found in it", (address, subject) => {
  expect(accessSubject(address)).toBe(subject);
  expect(parseAccessSubject(subject)).toEqual(address);
});

test.each(["=operators", "a.b", "a b", ">", ""])(
  "a workspace cannot be named %j, and so not be taken for the operators",
  (workspaceId) => {
    expect(() => accessSubject({ workspaceId, kind: "key", id: "k1" })).toThrow("cannot be part");
    expect(() => accessOfWorkspace(workspaceId, "key")).toThrow("cannot be part");
  },
);

test.each([
  "access.acme.key",
  "access.acme.key.k1.more",
  "access.*.key.k1",
  "access.a=b.key.k1",
  "access.acme.other.k1",
  "access.acme.key.a b",
  "keys.acme.key.k1",
])("%s is the subject of no key and no session", (subject) => {
  expect(parseAccessSubject(subject)).toBeUndefined();
});

test("the keys of a workspace are apart from its sessions", () => {
  expect(accessOfWorkspace("acme", "key")).toBe("access.acme.key.*");
  expect(accessOfWorkspace("*", "session")).toBe("access.=operators.session.*");
});
