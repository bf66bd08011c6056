const MAX_CHARACTERS = 255;
const VISIBLE = /^[\x21-\x7e]+$/;
// draft-ietf-httpapi-idempotency-key-header: a string in quotes (RFC 9651 section 3.3.3)
const QUOTED = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;

/** The key in the value of an `Idempotency-Key` header, with quotes or without them; undefined where it is none. */
export const idempotencyKeyIn = (value: string): string | undefined => {
  const inQuotes = QUOTED.exec(value)?.[1]?.replaceAll(/\\(["\\])/g, "$1");
  const key = inQuotes ?? (value.startsWith('"') ? "" : value);
  return key.length <= MAX_CHARACTERS && VISIBLE.test(key) ? key : undefined;
};
