import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { requestSealer } from "./sealed-request.ts";

const REQUEST = { state: "s", nonce: "n", verifier: "v".repeat(43), untilMs: 1_000 };

test("another instance with the same secret opens what this one sealed", () => {
  const sealed = requestSealer("the secret").seal(REQUEST);
  expect(requestSealer("the secret").open(sealed, 999)).toEqual(REQUEST);
});

test("nothing of it can be read, and no two are alike", () => {
  const { seal } = requestSealer("the secret");
  const [one, two] = [seal(REQUEST), seal(REQUEST)];
  expect(one).not.toBe(two);
  expect(Buffer.from(one, "base64url").toString("latin1")).not.toContain("vvvv");
  expect(one).toMatch(/^[A-Za-z0-9_-]+$/);
});

test("it ends with its time, and is of no use with another secret", () => {
  const sealed = requestSealer("the secret").seal(REQUEST);
  expect(requestSealer("the secret").open(sealed, 1_000)).toBeUndefined();
  expect(requestSealer("another").open(sealed, 0)).toBeUndefined();
});

test("whichever byte is altered, it does not open", () => {
  const { seal, open } = requestSealer("the secret");
  const bytes = Buffer.from(seal(REQUEST), "base64url");
  for (let n = 0; n < bytes.byteLength; n += 1) {
    const altered = Buffer.from(bytes);
    altered[n] = (altered[n] ?? 0) ^ 1;
    expect(open(altered.toString("base64url"), 0)).toBeUndefined();
  }
});

test.each(["", "x", "AAAA", "a".repeat(100_000), "%00", Buffer.alloc(28).toString("base64url")])(
  "%.20s is not opened",
  (text) => {
    expect(requestSealer("the secret").open(text, 0)).toBeUndefined();
  },
);
