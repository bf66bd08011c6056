import { Buffer } from "node:buffer";
import { ExactNumber } from "./exact-number.ts";
import {
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  BLANK,
  endOfScalar,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  textIn,
  ZERO,
} from "./json-bytes.ts";

/** True for every text with a number from 2^53 up, and for a few others. */
const MAY_HAVE_LARGE = /(?:^|[\s:,[-])(?:\d{16}|\d+(?:\.\d+)?[eE])/;

/**
 * What `JSON.parse` gives, but each number from 2^53 up is an ExactNumber; undefined where the text, or the bytes as
 * UTF-8, are not JSON. As deep as the text is: the caller bounds that.
 */
export const parseExact = (json: Uint8Array | string): unknown => {
  const text = typeof json === "string" ? json : utf8Text(json);
  const value = valueIn(text);
  return value !== undefined && MAY_HAVE_LARGE.test(text) ? built(Buffer.from(text)) : value;
};

const utf8Text = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString("utf8");

const valueIn = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

type Container = unknown[] | Record<string, unknown>;

/** The value of bytes that are JSON. Not a reviver for `JSON.parse`: 1 MiB takes it half a second. */
const built = (bytes: Buffer): unknown => {
  const root: unknown[] = [];
  const outer: Container[] = [];
  let into: Container = root;
  let [key, at] = ["", 0];
  while (at < bytes.length) {
    const byte = bytes[at] ?? 0;
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      const container: Container = byte === OPEN_OBJECT ? {} : [];
      put(into, key, container);
      outer.push(into);
      into = container;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      into = outer.pop() ?? root;
    } else if (byte !== COMMA && byte !== COLON && BLANK[byte] !== 1) {
      const end = endOfScalar(bytes, at);
      const value = scalar(bytes, at, end);
      if (byte === QUOTE && isKey(bytes, end)) key = value as string;
      else put(into, key, value);
      at = end - 1;
    }
    at += 1;
  }
  return root[0];
};

/** A string before a colon is a key. */
const isKey = (bytes: Uint8Array, end: number): boolean => {
  let at = end;
  while (BLANK[bytes[at] ?? 0] === 1) at += 1;
  return bytes[at] === COLON;
};

const WORDS: Readonly<Record<string, unknown>> = { true: true, false: false, null: null };

const scalar = (bytes: Buffer, start: number, end: number): unknown => {
  if (bytes[start] === QUOTE) return textIn(bytes, start, end);
  const few = fewDigits(bytes, start, end);
  if (few >= 0) return few;
  const text = textIn(bytes, start - 1, end + 1); // as if quotes stood around it: faster than a decoder
  if (text in WORDS) return WORDS[text];
  const number = Number(text);
  return Math.abs(number) > Number.MAX_SAFE_INTEGER ? new ExactNumber(text) : number;
};

/** The number of up to 15 digits; -1 for anything else. Making a text of each number takes most of the time. */
const fewDigits = (bytes: Uint8Array, start: number, end: number): number => {
  if (end - start > 15) return -1;
  let number = 0;
  for (let at = start; at < end; at += 1) {
    const digit = (bytes[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
};

const put = (into: Container, key: string, value: unknown): void => {
  if (Array.isArray(into)) into.push(value);
  else if (key !== "__proto__") into[key] = value;
  else {
    // As `JSON.parse` does: assigning would set the prototype.
    const property = { value, writable: true, enumerable: true, configurable: true };
    Object.defineProperty(into, key, property);
  }
};
