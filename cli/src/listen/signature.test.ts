import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { newSecret, signerOf } from "./signature.ts";

test("a receiver that has the secret verifies what is signed", () => {
  const secret = newSecret();
  const body = '{"call_id":"c1"}';
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const signature = signerOf(secret)("evt_1_1", timestamp, Buffer.from(body));
  const headers = {
    "webhook-id": "evt_1_1",
    "webhook-timestamp": timestamp,
    "webhook-signature": signature,
  };
  expect(new Webhook(secret).verify(body, headers)).toEqual({ call_id: "c1" });
  expect(() => new Webhook(newSecret()).verify(body, headers)).toThrow(
    "No matching signature found",
  );
});

test.each([
  ["secret", "must begin with whsec_"],
  ["whsec_", "it is 0 bytes"],
  ["whsec_c2VjcmV0", "it is 6 bytes"],
  [`whsk_${Buffer.alloc(32, 1).toString("base64")}`, "only v1 signs here"],
])("'%s' signs nothing here, and is not repeated", (secret, message) => {
  const error = expect.objectContaining({ exitCode: 2, message: expect.stringContaining(message) });
  expect(() => signerOf(secret)).toThrow(error);
  const repeated = expect.objectContaining({ message: expect.stringContaining("c2VjcmV0") });
  expect(() => signerOf(secret)).not.toThrow(repeated);
});
