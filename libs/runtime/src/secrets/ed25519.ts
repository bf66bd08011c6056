import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";

// RFC 8410, section 7: the bytes before the key's 32 bytes in PKCS #8 and in SubjectPublicKeyInfo.
const PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI_HEAD_BYTES = 12;

/** The private key of a seed (RFC 8032: 32 random bytes). */
export const ed25519PrivateKey = (seed: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: "der", type: "pkcs8" });

/** The 32 bytes of a seed's public key. */
export const ed25519PublicKey = (seed: Uint8Array): Uint8Array =>
  createPublicKey(ed25519PrivateKey(seed))
    .export({ format: "der", type: "spki" })
    .subarray(SPKI_HEAD_BYTES);
