import type { Buffer } from "node:buffer";

/** The events in a request's body, as the bytes that were sent. */
export type JsonItems =
  | { readonly kind: "one"; readonly item: Buffer }
  | { readonly kind: "list"; readonly items: readonly Buffer[] }
  | { readonly kind: "too_many" }
  /** The message names the fault and its position, and repeats no value. */
  | { readonly kind: "invalid"; readonly message: string };

const SPACES = new Set([0x20, 0x09, 0x0a, 0x0d]); // RFC 8259 section 2
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * The bytes of each element of a JSON array, or of the whole body where it is none. Brackets, strings and commas
 * are all that separates elements (ASCII is no part of other characters in UTF-8). The reader of each element
 * checks whether it is JSON: the body is JSON exactly when all of them are.
 */
export const jsonItems = (body: Buffer, maxItems: number): JsonItems => {
  const start = skipSpaces(body, 0);
  if (start === body.byteLength) return invalid("is empty");
  if (body[start] !== OPEN_ARRAY)
    return { kind: "one", item: trimmed(body, start, body.byteLength) };
  const items: Buffer[] = [];
  let from = start + 1;
  let depth = 1;
  for (let at = from; at < body.byteLength; at += 1) {
    const byte = body[at];
    if (byte === QUOTE) {
      at = endOfString(body, at);
      if (at === -1) return invalid("is not valid JSON: a string has no end");
    } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      depth += 1;
    } else if (byte === CLOSE_OBJECT || (byte === CLOSE_ARRAY && depth > 1)) {
      depth -= 1;
      if (depth === 0) return invalid(`is not valid JSON at byte ${at}`);
    } else if ((byte === COMMA || byte === CLOSE_ARRAY) && depth === 1) {
      const item = trimmed(body, from, at);
      const isLast = byte === CLOSE_ARRAY;
      // `[]` is a list without elements; any other empty element is a comma too many.
      const isNone = isLast && items.length === 0 && item.byteLength === 0;
      if (item.byteLength === 0 && !isNone) return invalid(`is not valid JSON at byte ${at}`);
      if (!isNone) items.push(item);
      if (items.length > maxItems) return { kind: "too_many" };
      if (isLast) return listUpTo(body, at, items);
      from = at + 1;
    }
  }
  return invalid("is not valid JSON: the array has no end");
};

const invalid = (message: string): JsonItems => ({ kind: "invalid", message });

const listUpTo = (body: Buffer, end: number, items: readonly Buffer[]): JsonItems => {
  const rest = skipSpaces(body, end + 1);
  if (rest < body.byteLength) return invalid(`is not valid JSON at byte ${rest}`);
  return { kind: "list", items };
};

const skipSpaces = (body: Buffer, from: number): number => {
  let at = from;
  while (at < body.byteLength && SPACES.has(body[at] ?? 0)) at += 1;
  return at;
};

const trimmed = (body: Buffer, from: number, to: number): Buffer => {
  const start = Math.min(skipSpaces(body, from), to);
  let end = to;
  while (end > start && SPACES.has(body[end - 1] ?? 0)) end -= 1;
  return body.subarray(start, end);
};

/** The position of the quote that closes the string from `start`; -1 where there is none. */
const endOfString = (body: Buffer, start: number): number => {
  // Not `indexOf`: a call for each of millions of short strings takes longer than all their bytes.
  for (let at = start + 1; at < body.byteLength; at += 1) {
    const byte = body[at];
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) at += 1; // and what it escapes
  }
  return -1;
};
