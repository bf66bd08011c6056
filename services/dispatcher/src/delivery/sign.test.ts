import { Buffer } from "node:buffer";
import { createPublicKey, randomBytes, verify } from "node:crypto";
import type { SigningKey } from "@ringback/contracts/secrets/signing-key";
import { formatSigningSecret } from "@ringback/contracts/secrets/signing-secret";
import { ed25519PublicKey } from "@ringback/runtime/secrets/ed25519";
import * as fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { signatures } from "./sign.ts";

const created = { id: "k", created_at: "2026-01-01T00:00:00.000Z" };
const hmac = (secret: string): SigningKey => ({ ...created, scheme: "v1", secret });
const ed25519 = (secret: string): SigningKey => ({
  ...created,
  scheme: "v1a",
  secret,
  public_key: "whpk_",
});

describe("the vectors of the Standard Webhooks libraries", () => {
  const content = {
    id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    timestamp: "1614265330",
    body: Buffer.from('{"test": 2432232314}'),
  };
  const V1 = [
    hmac("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  ] as const;
  const V1A = [
    ed25519("whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk="),
    "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag==",
  ] as const;

  test.each([
    ["v1", ...V1],
    ["v1a", ...V1A],
  ])("%s", (_scheme, key, signature) => {
    expect(signatures([key], content)).toBe(signature);
    // Once more: the parsed key is kept.
    expect(signatures([key], content)).toBe(signature);
  });

  test("several keys give several signatures in their order, and the same secret gives one", () => {
    const keys = [V1A[0], V1[0], { ...V1[0], id: "again" }];
    expect(signatures(keys, content)).toBe(`${V1A[1]} ${V1[1]}`);
  });
});

test("the standardwebhooks package verifies ours with any secret, id and text", () => {
  const secrets = fc.uint8Array({ minLength: 24, maxLength: 64 });
  const ids = fc.stringMatching(/^evt_[0-9a-z]{1,8}_\d{1,12}$/);
  fc.assert(
    fc.property(secrets, ids, fc.string({ unit: "grapheme" }), (bytes, id, text) => {
      const secret = formatSigningSecret("v1", bytes);
      const timestamp = String(Math.floor(Date.now() / 1_000));
      const payload = JSON.stringify({ text });
      const signature = signatures([hmac(secret)], { id, timestamp, body: Buffer.from(payload) });
      const headers = {
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature,
      };
      const webhook = new Webhook(secret);
      expect(webhook.verify(payload, headers)).toEqual({ text });
      expect(() => webhook.verify(`${payload} `, headers)).toThrow("No matching signature");
    }),
    { numRuns: 50 },
  );
});

test("a v1a signature verifies with the public key of its seed, over the bytes that are sent", () => {
  const seed = randomBytes(32);
  const jwk = {
    kty: "OKP",
    crv: "Ed25519",
    x: Buffer.from(ed25519PublicKey(seed)).toString("base64url"),
  };
  const publicKey = createPublicKey({ key: jwk, format: "jwk" });
  const body = Buffer.from([0x7b, 0xff, 0x00, 0x7d]); // no UTF-8: nothing may go through a string
  const key = ed25519(formatSigningSecret("v1a", seed));
  const [scheme, base64 = ""] = signatures([key], { id: "evt_1", timestamp: "17", body }).split(
    ",",
  );
  const signed = Buffer.concat([Buffer.from("evt_1.17."), body]);
  expect(scheme).toBe("v1a");
  expect(verify(null, signed, publicKey, Buffer.from(base64, "base64"))).toBe(true);
  expect(verify(null, signed.subarray(1), publicKey, Buffer.from(base64, "base64"))).toBe(false);
});

test("what is no secret is a bug that is named by its key, without the text", () => {
  const content = { id: "evt_1", timestamp: "17", body: Buffer.from("{}") };
  const sign = () => signatures([hmac("whsec_c2VjcmV0")], content);
  expect(sign).toThrow("the signing secret 'k' must be base64 of 24 to 64 bytes: it is 6 bytes");
});
