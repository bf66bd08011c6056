export type ReadKey = { readonly kind: "key"; readonly key: string } | { readonly kind: "invalid" };

const MAX_CHARACTERS = 255;
const VISIBLE = /^[\x21-\x7e]+$/;
// draft-ietf-httpapi-idempotency-key-header: a string in quotes (RFC 9651 section 3.3.3)
const QUOTED = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;

/** The key in the value of an `Idempotency-Key` header, in quotes or without: both are the same key. */
export const idempotencyKeyIn = (value: string): ReadKey => {
  const inQuotes = QUOTED.exec(value)?.[1]?.replaceAll(/\\(["\\])/g, "$1");
  const key = inQuotes ?? (value.startsWith('"') ? "" : value);
  const isKey = key.length <= MAX_CHARACTERS && VISIBLE.test(key);
  return isKey ? { kind: "key", key } : { kind: "invalid" };
};
