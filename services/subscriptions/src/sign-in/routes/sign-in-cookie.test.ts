import { expect, test } from "vitest";
import { cookieIn, deletedCookie, newCookie } from "./sign-in-cookie.ts";

test("with TLS it is bound to this host, and never seen by a script", () => {
  expect(newCookie("abc", true)).toBe(
    "__Host-ringback-sign-in=abc; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure",
  );
  expect(deletedCookie(true)).toBe(
    "__Host-ringback-sign-in=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure",
  );
});

test("on a developer's machine it does without TLS, and has another name", () => {
  expect(newCookie("abc", false)).toBe(
    "ringback-sign-in=abc; Path=/; Max-Age=600; HttpOnly; SameSite=Lax",
  );
});

test.each<[string | undefined, string | undefined]>([
  ["__Host-ringback-sign-in=abc", "abc"],
  ["a=1; __Host-ringback-sign-in=abc; b=2", "abc"],
  ["ringback-sign-in=abc", undefined],
  ["x__Host-ringback-sign-in=abc", undefined],
  ["__Host-ringback-sign-in=a; __Host-ringback-sign-in=b", undefined],
  ["", undefined],
  [undefined, undefined],
])("in %j it is %j", (header, value) => {
  expect(cookieIn(header, true)).toBe(value);
});
