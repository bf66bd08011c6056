import { expect, test } from "vitest";
import { groupsIn, personIn } from "./person.ts";

test.each<[object, string | undefined]>([
  [{ sub: "u1", email: "ann@example.com" }, "ann@example.com"],
  [{ sub: "u1", email: "ann@example.com", email_verified: true }, "ann@example.com"],
  [{ sub: "u1", email: "ann@example.com", email_verified: false }, "u1"],
  [{ sub: "u1", email: "ann@example.com", email_verified: "false" }, "u1"],
  [{ sub: "u1", email: "ann" }, "u1"],
  [{ sub: "u1", email: "a b@example.com" }, "u1"],
  [{ sub: "u1", email: 7 }, "u1"],
  [{ sub: "u1" }, "u1"],
  [{ sub: "u1\n\u202Eevil" }, "u1evil"],
  [{ sub: "" }, undefined],
  [{ sub: "x".repeat(321) }, undefined],
  [{}, undefined],
])("%j is %s", (claims, subject) => {
  expect(personIn(claims as never)?.subject).toBe(subject);
});

const nameIn = (name: unknown) => personIn({ sub: "u1", name })?.name;

test("a name is one line that is not too long, or nothing", () => {
  expect(nameIn("Ann\r\nLee\u0000")).toBe("AnnLee");
  expect(nameIn("x".repeat(500))).toHaveLength(120);
  expect(nameIn(["Ann"])).toBeUndefined();
  expect(nameIn("   ")).toBeUndefined();
});

test.each<[unknown, string[] | undefined]>([
  [
    ["a", "b", "a"],
    ["a", "b"],
  ],
  ["a", ["a"]],
  [[], []],
  [["a", 1, null, { b: 1 }], ["a"]],
  [undefined, undefined],
  [{ a: true }, undefined],
  [1, undefined],
])("the claim %j is the groups %j", (groups, expected) => {
  const found = groupsIn({ groups }, "groups");
  expect(found && [...found]).toEqual(expected);
});

test("a claim with more groups than anybody is in does not take long", () => {
  const groups = Array.from({ length: 1_000_000 }, (_, n) => `g${n}`);
  expect(groupsIn({ groups }, "groups")?.size).toBe(5_000);
});
