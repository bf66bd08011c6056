import { Buffer } from "node:buffer";
import { createSecretKey, randomBytes } from "node:crypto";
import { NONCE_BYTES, TAG_BYTES } from "@ringback/contracts/secrets/sealed-text";
import { array, assert, nat, pre, property, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { keyRing, type SealingKey } from "./sealing.ts";

const newKey = (id: string): SealingKey => ({ id, key: createSecretKey(randomBytes(32)) });

const K1 = newKey("k1");
const K2 = newKey("k2");
const ring = keyRing([K1]);

const text = string({ minLength: 1, maxLength: 200, unit: "binary" });
const place = array(string(), { minLength: 1, maxLength: 4 });

const boxOf = (sealed: string): Buffer => Buffer.from(sealed.split(":")[3] ?? "", "base64url");
const withBox = (box: Uint8Array): string => `enc:v1:k1:${Buffer.from(box).toString("base64url")}`;

test("what is sealed opens again, and is not in the sealed text", () => {
  assert(
    property(text, place, (plain, at) => {
      pre(plain.isWellFormed());
      const sealed = ring.seal(plain, at);
      expect(sealed).toMatch(/^enc:v1:k1:[A-Za-z0-9_-]+$/);
      expect(ring.open(sealed, at)).toEqual({ kind: "opened", text: plain });
      // A few bytes may be there by chance.
      expect(plain.length > 3 && boxOf(sealed).includes(Buffer.from(plain))).toBe(false);
    }),
  );
});

test("the same value never seals to the same text, so that equal values do not show", () => {
  const sealed = Array.from({ length: 1_000 }, () => ring.seal("Bearer x", ["w1"]));
  const nonces = sealed.map((one) => boxOf(one).subarray(0, NONCE_BYTES).toString("hex"));
  expect(new Set(nonces).size).toBe(1_000);
});

test("a text that was sealed for one place opens at no other", () => {
  assert(
    property(text, place, place, (plain, at, other) => {
      pre(plain.isWellFormed() && JSON.stringify(at) !== JSON.stringify(other));
      expect(ring.open(ring.seal(plain, at), other)).toMatchObject({ kind: "unreadable" });
    }),
  );
  const sealed = ring.seal("x", ["w1", "a1"]);
  expect(ring.open(sealed, ["w1a", "1"])).toMatchObject({ kind: "unreadable" });
});

test("a text opens with no other key, also under the same id", () => {
  const sealed = ring.seal("x", ["w1"]);
  expect(keyRing([newKey("k1")]).open(sealed, ["w1"])).toEqual({
    kind: "unreadable",
    message: "does not open with the key 'k1': altered, moved or of another key",
  });
  expect(keyRing([K2]).open(sealed, ["w1"])).toEqual({
    kind: "unreadable",
    message: "needs the key 'k1', which is not there",
  });
});

describe("an altered text does not open", () => {
  const at = ["w1", "a1", "call_completed", "authorization"];

  test("with any bit of nonce, tag or ciphertext turned", () => {
    const box = boxOf(ring.seal("Bearer s3cret", at));
    const opened = Array.from({ length: box.length * 8 }, (_, bit) => {
      const altered = Buffer.from(box);
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      return ring.open(withBox(altered), at).kind;
    });
    expect(new Set(opened)).toEqual(new Set(["unreadable"]));
  });

  test("when it is cut off anywhere, or longer", () => {
    const sealed = ring.seal("Bearer s3cret", at);
    for (let end = "enc:v1:".length; end < sealed.length; end += 1) {
      expect(ring.open(sealed.slice(0, end), at)).toMatchObject({ kind: "unreadable" });
    }
    for (const more of ["A", "=", " ", ":", "\n"]) {
      expect(ring.open(sealed + more, at)).toMatchObject({ kind: "unreadable" });
    }
  });

  test("with any one character changed", () => {
    const sealed = ring.seal("Bearer s3cret", at);
    assert(
      property(
        nat({ max: sealed.length - 1 - "enc:v1:".length }),
        string({ minLength: 1, maxLength: 1 }),
        (n, other) => {
          const index = n + "enc:v1:".length;
          pre(sealed[index] !== other);
          const altered = sealed.slice(0, index) + other + sealed.slice(index + 1);
          expect(ring.open(altered, at)).toMatchObject({ kind: "unreadable" });
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("with a tag that is shorter", () => {
    const box = boxOf(ring.seal("x".repeat(32), at));
    const short = Buffer.concat([
      box.subarray(0, NONCE_BYTES + 4),
      box.subarray(NONCE_BYTES + TAG_BYTES),
    ]);
    expect(ring.open(withBox(short), at)).toMatchObject({ kind: "unreadable" });
  });
});

test("a form of another version is not taken for a plain value", () => {
  expect(ring.open("enc:v2:whatever", ["w1"])).toEqual({
    kind: "unreadable",
    message: "is not in a form that this version knows",
  });
});

test("values that were stored plain come back as they are", () => {
  assert(
    property(text, (plain) => {
      pre(!/^enc:v\d+:/.test(plain));
      expect(ring.open(plain, ["w1"])).toEqual({ kind: "opened", text: plain });
    }),
  );
});

test("the first key seals, every key opens, and what another key sealed is not current", () => {
  const old = ring.seal("x", ["w1"]);
  const both = keyRing([K2, K1]);
  expect(both.open(old, ["w1"])).toEqual({ kind: "opened", text: "x" });
  const anew = both.seal("x", ["w1"]);
  expect(anew).toMatch(/^enc:v1:k2:/);
  expect([anew, old, "x"].map(both.isCurrent)).toEqual([true, false, false]);
});

test("without keys texts stay plain, and sealed ones do not open", () => {
  const none = keyRing([]);
  expect(none.seal("x", ["w1"])).toBe("x");
  expect(none.isCurrent("x")).toBe(true);
  expect(none.open(ring.seal("x", ["w1"]), ["w1"])).toMatchObject({ kind: "unreadable" });
});
