import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from "node:crypto";
import {
  formatSealed,
  NONCE_BYTES,
  parseStored,
  TAG_BYTES,
  type SealedText,
  type Sealer,
  type SealingContext,
  type Unsealed,
} from "@ringback/contracts/secrets/sealed-text";

/** A key of 32 bytes; sealed texts hold its id. */
export type SealingKey = { readonly id: string; readonly key: KeyObject };

const CIPHER = "aes-256-gcm";

/**
 * Seals with the first key and opens with all; without keys texts stay plain. Nonces are 96 random bits: NIST SP
 * 800-38D allows 2^32 texts under one key, far more than there are changes of subscriptions.
 */
export const keyRing = (keys: readonly SealingKey[]): Sealer => {
  const byId = new Map(keys.map((key) => [key.id, key]));
  const [first] = keys;
  return {
    seal: (text, context) =>
      first === undefined ? text : formatSealed(encrypt(first, text, context)),
    open: (stored, context) => {
      const parsed = parseStored(stored);
      if (parsed.kind === "plain") return { kind: "opened", text: stored };
      if (parsed.kind === "unknown") return unreadable("is not in a form that this version knows");
      const { keyId } = parsed.sealed;
      const key = byId.get(keyId);
      if (key === undefined) return unreadable(`needs the key '${keyId}', which is not there`);
      const text = decrypt(key, parsed.sealed, context);
      return text === undefined
        ? unreadable(`does not open with the key '${keyId}': altered, moved or of another key`)
        : { kind: "opened", text };
    },
    isCurrent: (stored) => {
      const parsed = parseStored(stored);
      return parsed.kind === "sealed" ? parsed.sealed.keyId === first?.id : first === undefined;
    },
  };
};

const unreadable = (message: string): Unsealed => ({ kind: "unreadable", message });

/** As JSON, so that ["a", "bc"] and ["ab", "c"] differ. */
const associated = (context: SealingContext): Buffer => Buffer.from(JSON.stringify(context));

const encrypt = ({ id, key }: SealingKey, text: string, context: SealingContext): SealedText => {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associated(context));
  const ciphertext = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return { keyId: id, box: Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]) };
};

const decrypt = (
  { key }: SealingKey,
  { box }: SealedText,
  context: SealingContext,
): string | undefined => {
  const tagEnd = NONCE_BYTES + TAG_BYTES;
  const options = { authTagLength: TAG_BYTES }; // a shorter tag would be easier to forge
  const decipher = createDecipheriv(CIPHER, key, box.subarray(0, NONCE_BYTES), options);
  decipher.setAAD(associated(context));
  decipher.setAuthTag(box.subarray(NONCE_BYTES, tagEnd));
  const plain = decipher.update(box.subarray(tagEnd));
  try {
    return Buffer.concat([plain, decipher.final()]).toString("utf8");
  } catch {
    return undefined; // the tag does not match: no deciphered byte may be used
  }
};
