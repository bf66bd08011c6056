import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from "node:crypto";
import {
  formatSealed,
  NONCE_BYTES,
  parseStored,
  TAG_BYTES,
  type SealedText,
} from "@ringback/contracts/secrets/sealed-text";

/** One key that seals and opens: 32 bytes, under the id that sealed texts name. */
export type SealingKey = { readonly id: string; readonly key: KeyObject };

/** Why a text does not open, or what is in it. */
type Unsealed =
  | { readonly kind: "opened"; readonly text: string }
  | { readonly kind: "unreadable"; readonly message: string };

/** Seals with the first of its keys and opens with all; without keys texts stay as they are. */
export type KeyRing = {
  /** `context`: what the text is sealed for; it opens for nothing else. */
  readonly seal: (text: string, context: readonly string[]) => string;
  /** A text that was stored plain comes back as it is. */
  readonly open: (stored: string, context: readonly string[]) => Unsealed;
  /** True when sealing anew would change neither key nor form. */
  readonly isCurrent: (stored: string) => boolean;
};

const CIPHER = "aes-256-gcm";

/**
 * A nonce is random and has 96 bits: NIST SP 800-38D allows 2^32 texts under one key, which is far more
 * than there are changes of subscriptions.
 */
export const keyRing = (keys: readonly SealingKey[]): KeyRing => {
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
const associated = (context: readonly string[]): Buffer => Buffer.from(JSON.stringify(context));

const encrypt = ({ id, key }: SealingKey, text: string, context: readonly string[]): SealedText => {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associated(context));
  const ciphertext = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return { keyId: id, box: Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]) };
};

const decrypt = (
  { key }: SealingKey,
  { box }: SealedText,
  context: readonly string[],
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
    return undefined; // the tag does not fit: nothing that was deciphered may be used
  }
};
