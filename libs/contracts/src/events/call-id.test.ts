import * as fc from "fast-check";
import { expect, test } from "vitest";
import { callIdOf, callToken, isCallId } from "./call-id.ts";

const visible = fc
  .array(fc.integer({ min: 0x21, max: 0x7e }), { minLength: 1, maxLength: 128 })
  .map((codes) => String.fromCharCode(...codes));

test("a call's id comes back from its token as it was, and no token holds a dot or a wildcard", () => {
  fc.assert(
    fc.property(visible, (callId) => {
      const token = callToken(callId);
      expect(token).toMatch(/^[A-Za-z0-9_=-]+$/);
      expect(callIdOf(token)).toBe(callId);
    }),
  );
});

test("an id of letters, digits, _ and - is its own token", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9_-]{1,128}$/), (callId) => {
      expect(callToken(callId)).toBe(callId);
      expect(callIdOf(callId)).toBe(callId);
    }),
  );
});

test.each([
  ["a84b4c76e66710@pc33.example.com", "a84b4c76e66710=40pc33=2Eexample=2Ecom"],
  ["+14155550100:1", "=2B14155550100=3A1"],
  ["a=b", "a=3Db"],
])("%s is the token %s", (callId, token) => {
  expect(callToken(callId)).toBe(token);
});

test.each([
  "",
  "=",
  "=4",
  "=4g",
  "=2e",
  "=41",
  "a.b",
  "a b",
  "ü",
  "*",
  ">",
  "=20",
  "=00",
  "=7F",
  "x".repeat(129),
])("'%s' is no token of a call's id", (token) => {
  expect(callIdOf(token)).toBeUndefined();
});

test("what is no call's id has no token", () => {
  for (const text of ["", " ", "a b", "ü", "a\n", "x".repeat(129)]) {
    expect(isCallId(text)).toBe(false);
    expect(() => callToken(text)).toThrow("is not 1 to 128 characters of visible ASCII");
  }
});
