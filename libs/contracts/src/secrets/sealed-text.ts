import { Buffer } from "node:buffer";

/** Replaces a value that the caller may not see; never stored. */
export const REDACTED = "<redacted>";

/** The id of a sealing key: too short for a key that was put there by mistake. */
export const SEALING_KEY_ID = /^[A-Za-z0-9_-]{1,32}$/;

/** The sizes that AES-GCM is used with (NIST SP 800-38D): a random 96-bit nonce, the full tag. */
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;

/** A secret's owner and name: a sealed text opens only in the context for which it was sealed. */
export type SealingContext = readonly string[];

/** An opened text, or why it does not open; the message repeats nothing of the text. */
export type Unsealed =
  | { readonly kind: "opened"; readonly text: string }
  | { readonly kind: "unreadable"; readonly message: string };

/** Seals texts for storing, and opens them. */
export type Sealer = {
  readonly seal: (text: string, context: SealingContext) => string;
  /** Returns a text that was stored plain as it is. */
  readonly open: (stored: string, context: SealingContext) => Unsealed;
  /** True when sealing this text again would change neither key nor form. */
  readonly isCurrent: (stored: string) => boolean;
};

/** A sealed text: its key's id, and nonce, tag and ciphertext in one. */
export type SealedText = { readonly keyId: string; readonly box: Uint8Array };

/** A stored text: plain, sealed, or of an unknown form. */
export type StoredText =
  | { readonly kind: "plain" }
  | { readonly kind: "sealed"; readonly sealed: SealedText }
  | { readonly kind: "unknown" };

const LOOKS_SEALED = /^enc:v\d+:/;
const FORM = /^enc:v1:([A-Za-z0-9_-]{1,32}):([A-Za-z0-9_-]+)$/;

/** True for sealed texts of any version: no customer may set such a value. */
export const looksSealed = (text: string): boolean => LOOKS_SEALED.test(text);

/** `enc:v1:<key id>:<base64url of nonce, tag and ciphertext>`. */
export const formatSealed = ({ keyId, box }: SealedText): string =>
  `enc:v1:${keyId}:${Buffer.from(box).toString("base64url")}`;

/** Parses a stored text; only the exact spelling of `formatSealed` counts as sealed. */
export const parseStored = (text: string): StoredText => {
  if (!looksSealed(text)) return { kind: "plain" };
  const [, keyId = "", coded = ""] = FORM.exec(text) ?? [];
  const box = Buffer.from(coded, "base64url");
  // The decoder ignores spare bits: without this check, other texts would open too.
  const isExact = box.toString("base64url") === coded;
  if (keyId === "" || !isExact || box.length <= NONCE_BYTES + TAG_BYTES) return { kind: "unknown" };
  return { kind: "sealed", sealed: { keyId, box } };
};
