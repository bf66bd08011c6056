import { Buffer } from "node:buffer";
import type { SigningScheme } from "./signing-key.ts";

/** Sizes and prefixes of Standard Webhooks 1.0, "Signature scheme"; 64 bytes are its 512 bits. */
const MIN_HMAC_SECRET_BYTES = 24;
const MAX_HMAC_SECRET_BYTES = 64;
/** RFC 8032: an Ed25519 private key is 32 random bytes, and so is a public key. */
export const ED25519_KEY_BYTES = 32;

const PREFIXES = { v1: "whsec_", v1a: "whsk_" } as const;
const PUBLIC_PREFIX = "whpk_";

/** A parsed signing secret, or the text's problem; the message repeats nothing of the text. */
export type ReadSigningSecret =
  | { readonly kind: "v1"; readonly key: Uint8Array }
  | {
      readonly kind: "v1a";
      readonly seed: Uint8Array;
      /** If the text holds it, as other tools write the pair; not checked against the seed. */
      readonly publicKey: Uint8Array | undefined;
    }
  | { readonly kind: "refused"; readonly message: string };

/** `whsec_<base64>` of 24 to 64 bytes, or `whsk_<base64>` of a seed with or without its public key. */
export const parseSigningSecret = (text: string): ReadSigningSecret => {
  if (text.startsWith(PREFIXES.v1)) {
    const key = bytesOf(text.slice(PREFIXES.v1.length));
    if (key === undefined) return NOT_BASE64;
    return key.length >= MIN_HMAC_SECRET_BYTES && key.length <= MAX_HMAC_SECRET_BYTES
      ? { kind: "v1", key }
      : wrongSize(`${MIN_HMAC_SECRET_BYTES} to ${MAX_HMAC_SECRET_BYTES} bytes`, key);
  }
  if (text.startsWith(PREFIXES.v1a)) {
    const pair = bytesOf(text.slice(PREFIXES.v1a.length));
    if (pair === undefined) return NOT_BASE64;
    const seed = pair.subarray(0, ED25519_KEY_BYTES);
    const publicKey = pair.subarray(ED25519_KEY_BYTES);
    if (pair.length === ED25519_KEY_BYTES) return { kind: "v1a", seed, publicKey: undefined };
    return pair.length === 2 * ED25519_KEY_BYTES
      ? { kind: "v1a", seed, publicKey }
      : wrongSize("32 bytes (a seed) or 64 (a seed and its public key)", pair);
  }
  return { kind: "refused", message: "must begin with whsec_ (v1) or whsk_ (v1a)" };
};

const NOT_BASE64: ReadSigningSecret = {
  kind: "refused",
  message: "must be base64 (RFC 4648, with padding) after its prefix",
};

const wrongSize = (wanted: string, { length }: Uint8Array): ReadSigningSecret => ({
  kind: "refused",
  message: `must be base64 of ${wanted}: it is ${length} bytes`,
});

/** Only the exact spelling counts: the decoder skips characters that are not base64. */
const bytesOf = (text: string): Buffer | undefined => {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
};

/** The text of a secret: the bytes of an HMAC key, or an Ed25519 seed. */
export const formatSigningSecret = (scheme: SigningScheme, bytes: Uint8Array): string =>
  `${PREFIXES[scheme]}${Buffer.from(bytes).toString("base64")}`;

/** The text of an Ed25519 public key, for receivers. */
export const formatPublicKey = (bytes: Uint8Array): string =>
  `${PUBLIC_PREFIX}${Buffer.from(bytes).toString("base64")}`;
