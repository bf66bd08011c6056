import { Buffer } from "node:buffer";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatPublicKey, formatSigningSecret, parseSigningSecret } from "./signing-secret.ts";

const whsec = (bytes: number): string => formatSigningSecret("v1", Buffer.alloc(bytes, 7));
const whsk = (bytes: number): string => formatSigningSecret("v1a", Buffer.alloc(bytes, 7));

test("secrets and public keys are written as Standard Webhooks says", () => {
  expect(whsec(24)).toBe("whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH");
  expect(whsk(32)).toBe("whsk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
  expect(formatPublicKey(Buffer.alloc(32, 7))).toBe(
    "whpk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
  );
});

test("what is written is read again", () => {
  const bytes = fc.uint8Array({ minLength: 24, maxLength: 64 });
  fc.assert(
    fc.property(bytes, (key) => {
      const read = parseSigningSecret(formatSigningSecret("v1", key));
      expect(read.kind === "v1" && Buffer.from(read.key).equals(key)).toBe(true);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (pair) => {
      const seed = pair.subarray(0, 32);
      const alone = parseSigningSecret(formatSigningSecret("v1a", seed));
      expect(alone).toEqual({ kind: "v1a", seed: Buffer.from(seed), publicKey: undefined });
      const both = parseSigningSecret(formatSigningSecret("v1a", pair));
      const publicKey = Buffer.from(pair.subarray(32));
      expect(both).toEqual({ kind: "v1a", seed: Buffer.from(seed), publicKey });
    }),
  );
});

describe("what is no secret is refused", () => {
  test.each([
    ["no prefix", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH", "must begin with whsec_ (v1) or whsk_ (v1a)"],
    ["a public key", "whpk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=", "must begin with"],
    ["base64url", "whsec_--__BwcHBwcHBwcHBwcHBwcHBwcH", "must be base64"],
    ["no padding", whsk(32).slice(0, -1), "must be base64"],
    ["spare bits", whsk(32).replace("Bwc=", "Bwd="), "must be base64"],
    ["a space after it", `${whsec(24)} `, "must be base64"],
    ["nothing", "whsec_", "24 to 64 bytes: it is 0 bytes"],
    ["23 bytes", whsec(23), "24 to 64 bytes: it is 23 bytes"],
    ["65 bytes", whsec(65), "24 to 64 bytes: it is 65 bytes"],
    ["31 bytes of Ed25519", whsk(31), "32 bytes (a seed) or 64 (a seed and its public key)"],
    ["33 bytes of Ed25519", whsk(33), "it is 33 bytes"],
  ])("%s", (_what, text, message) => {
    const read = parseSigningSecret(text);
    expect(read).toEqual({ kind: "refused", message: expect.stringContaining(message) });
    expect(JSON.stringify(read)).not.toContain("BwcHBw");
  });

  test("and the bounds are inside", () => {
    for (const text of [whsec(24), whsec(64), whsk(32), whsk(64)]) {
      expect(parseSigningSecret(text).kind).not.toBe("refused");
    }
  });
});
