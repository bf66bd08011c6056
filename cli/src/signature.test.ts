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

test.each(["secret", "whsec_", "whsec_AAAA", `whsk_${Buffer.alloc(32).toString("base64")}`])(
  "'%s' signs nothing here, and is not repeated",
  (secret) => {
    expect(() => signerOf(secret)).toThrow(expect.objectContaining({ exitCode: 2 }));
    expect(() => signerOf(secret)).not.toThrow(new RegExp(`${secret.slice(6, 20)}.`));
  },
);
