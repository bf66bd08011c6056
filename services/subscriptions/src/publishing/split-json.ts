import type { Buffer } from "node:buffer";

/** The events in a request's body, as the bytes that were sent. */
export type JsonItems =
  | { readonly kind: "one"; readonly item: Buffer }
  /** `path`: where the list is, `["events"]` for one in an object that has nothing else. */
  | { readonly kind: "list"; readonly items: readonly Buffer[]; readonly path: readonly string[] }
  | { readonly kind: "too_many"; readonly path: readonly string[] }
  /** It is no JSON, whatever its elements are. */
  | { readonly kind: "invalid" };

const SPACES = new Set([0x20, 0x09, 0x0a, 0x0d]); // RFC 8259 section 2
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * The bytes of each element of a JSON array, also of the array in `{"events": […]}`, or of the whole body where it is
 * neither. Brackets, strings and commas are all that separates elements (ASCII is no part of other characters in
 * UTF-8). The reader of each element checks whether it is JSON: the body is JSON exactly when all of them are.
 */
export const jsonItems = (body: Buffer, maxItems: number): JsonItems => {
  const start = skipSpaces(body, 0);
  if (start === body.byteLength) return INVALID;
  if (body[start] === OPEN_ARRAY) {
    const read = elements(body, start + 1, { keep: maxItems, mayStop: true });
    const isAll = read.kind !== "list" || skipSpaces(body, read.end) === body.byteLength;
    return read.kind === "invalid" || !isAll ? INVALID : { ...read, path: [] };
  }
  return listInObject(body, start, maxItems) ?? one(body, start);
};

const INVALID = { kind: "invalid" } as const;

const one = (body: Buffer, start: number): JsonItems => ({
  kind: "one",
  item: trimmed(body, start, body.byteLength),
});

/** More than this before the list is no `{"events": [`, however it is written. */
const MAX_HEAD_BYTES = 64;
const HEAD = /^\{\s*"events"\s*:\s*\[/;

/** The list of `{"events": […]}`; undefined where the object has anything else: it may be an event with such a field. */
const listInObject = (body: Buffer, start: number, maxItems: number): JsonItems | undefined => {
  const head = HEAD.exec(body.toString("latin1", start, start + MAX_HEAD_BYTES))?.[0];
  if (head === undefined) return undefined;
  const end = body.lastIndexOf("}");
  const listEnd = lastByte(body, end);
  const isRest = skipSpaces(body, end + 1) === body.byteLength && body[listEnd] === CLOSE_ARRAY;
  if (!isRest) return undefined;
  const path = ["events"];
  const read = elements(body, start + head.length, { keep: maxItems, mayStop: false });
  if (read.kind === "invalid" || read.end !== listEnd + 1) return undefined;
  return { ...read, path };
};

type Elements =
  | { readonly kind: "list"; readonly items: readonly Buffer[]; readonly end: number }
  | { readonly kind: "too_many"; readonly end: number }
  | { readonly kind: "invalid" };

type Bounds = {
  /** So many elements at most. */
  readonly keep: number;
  /** With more than these there is nothing more to find out: the list's end is of no interest. */
  readonly mayStop: boolean;
};

/** The elements from behind an array's bracket on; `end` is behind the one that closes it. */
const elements = (body: Buffer, start: number, { keep, mayStop }: Bounds): Elements => {
  const items: Buffer[] = [];
  let count = 0;
  let from = start;
  let depth = 1;
  for (let at = from; at < body.byteLength; at += 1) {
    const byte = body[at];
    if (byte === QUOTE) {
      at = endOfString(body, at);
      if (at === -1) return INVALID;
    } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      depth += 1;
    } else if (byte === CLOSE_OBJECT || (byte === CLOSE_ARRAY && depth > 1)) {
      depth -= 1;
      if (depth === 0) return INVALID;
    } else if ((byte === COMMA || byte === CLOSE_ARRAY) && depth === 1) {
      const item = trimmed(body, from, at);
      const isLast = byte === CLOSE_ARRAY;
      // `[]` is a list without elements; any other empty element is a comma too many.
      const isNone = isLast && count === 0 && item.byteLength === 0;
      if (item.byteLength === 0 && !isNone) return INVALID;
      if (!isNone) count += 1;
      if (!isNone && count <= keep) items.push(item);
      if (count > keep && (isLast || mayStop)) return { kind: "too_many", end: at + 1 };
      if (isLast) return { kind: "list", items, end: at + 1 };
      from = at + 1;
    }
  }
  return INVALID;
};

const skipSpaces = (body: Buffer, from: number): number => {
  let at = from;
  while (at < body.byteLength && SPACES.has(body[at] ?? 0)) at += 1;
  return at;
};

/** The last byte before a position that is no space. */
const lastByte = (body: Buffer, before: number): number => {
  let at = before - 1;
  while (at >= 0 && SPACES.has(body[at] ?? 0)) at -= 1;
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
