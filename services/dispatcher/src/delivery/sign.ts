import { Buffer } from "node:buffer";
import { createHmac, sign, type KeyObject } from "node:crypto";
import type { SigningKey } from "@ringback/contracts/secrets/signing-key";
import { parseSigningSecret } from "@ringback/contracts/secrets/signing-secret";
import { LRUCache } from "lru-cache";
import { ed25519PrivateKey } from "@ringback/runtime/secrets/ed25519";
import type { SignedContent } from "./decide/request.ts";

/**
 * The value of `webhook-signature`: one signature for each key, in their order (Standard Webhooks 1.0).
 * An invalid secret is a bug of the code that stored it, and throws without repeating it.
 */
export const signatures = (keys: readonly SigningKey[], content: SignedContent): string => {
  const head = `${content.id}.${content.timestamp}.`;
  return [...new Set(keys.map((key) => signature(key, head, content.body)))].join(" ");
};

const signature = ({ id, secret }: SigningKey, head: string, body: Uint8Array): string => {
  const read = parseSigningSecret(secret);
  switch (read.kind) {
    case "v1":
      return `v1,${createHmac("sha256", read.key).update(head).update(body).digest("base64")}`;
    case "v1a": {
      // Ed25519 reads its message twice, so it needs it in one piece.
      const message = Buffer.concat([Buffer.from(head), body]);
      return `v1a,${sign(null, message, privateKey(secret, read.seed)).toString("base64")}`;
    }
    case "refused":
      throw new Error(`the signing secret '${id}' ${read.message}`);
    default:
      return read satisfies never;
  }
};

/** Parsing a private key takes longer than signing with it. */
const REMEMBERED = 1_000;
const privateKeys = new LRUCache<string, KeyObject>({ max: REMEMBERED });

const privateKey = (secret: string, seed: Uint8Array): KeyObject => {
  const known = privateKeys.get(secret);
  if (known !== undefined) return known;
  const key = ed25519PrivateKey(seed);
  privateKeys.set(secret, key);
  return key;
};
