export const QUOTE = 0x22;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;
export const OPEN_ARRAY = 0x5b;
export const CLOSE_ARRAY = 0x5d;
export const COMMA = 0x2c;
export const COLON = 0x3a;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
export const ZERO = 0x30;
const NINE = 0x39;

export const BLANK = new Uint8Array(256);
for (const blank of [0x20, 0x09, 0x0a, 0x0d]) BLANK[blank] = 1;

/** Characters after a backslash, except `u`. */
const ESCAPED = new Uint8Array(256);
for (const character of '"\\/bfnrt') ESCAPED[character.charCodeAt(0)] = 1;

const WORDS = ["true", "false", "null"].map((word) =>
  Uint8Array.from(word, (character) => character.charCodeAt(0)),
);

/** The end of the string, number or word that begins at `start`; `~position` (negative) of what is wrong with it. */
export const endOfScalar = (bytes: Uint8Array, start: number): number => {
  const byte = bytes[start];
  if (byte === QUOTE) return endOfString(bytes, start);
  if (byte === MINUS || isDigit(byte)) return endOfNumber(bytes, start);
  const word = WORDS.find((one) => one[0] === byte);
  if (word === undefined) return ~start;
  let at = start;
  for (const wanted of word) {
    if (bytes[at] !== wanted) return ~at;
    at += 1;
  }
  return at;
};

/** The same for a string, whose quote is at `start`. */
export const endOfString = (bytes: Uint8Array, start: number): number => {
  let at = start + 1;
  for (;;) {
    let byte = bytes[at];
    // RFC 8259 section 7: unescaped. Comparing is faster than a table here.
    while (byte !== undefined && byte !== QUOTE && byte !== BACKSLASH && byte >= 0x20) {
      at += 1;
      byte = bytes[at];
    }
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH) return ~at; // a control character, or the end
    const escaped = bytes[at + 1] ?? 0;
    if (ESCAPED[escaped] === 1) at += 2;
    else if (escaped === 0x75 && hasFourHex(bytes, at + 2)) at += 6;
    else return ~at;
  }
};

const endOfNumber = (bytes: Uint8Array, start: number): number => {
  let at = bytes[start] === MINUS ? start + 1 : start;
  if (bytes[at] === ZERO) at += 1;
  else if ((at = endOfDigits(bytes, at)) < 0) return at;
  if (bytes[at] === DOT && (at = endOfDigits(bytes, at + 1)) < 0) return at;
  if (bytes[at] !== 0x65 && bytes[at] !== 0x45) return at;
  at += 1;
  if (bytes[at] === PLUS || bytes[at] === MINUS) at += 1;
  return endOfDigits(bytes, at);
};

const endOfDigits = (bytes: Uint8Array, start: number): number => {
  let at = start;
  while (isDigit(bytes[at])) at += 1;
  return at > start ? at : ~at;
};

const isDigit = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= ZERO && byte <= NINE;

const isHex = (byte: number | undefined): boolean =>
  byte !== undefined &&
  (isDigit(byte) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66));

/** Whether four hexadecimal digits begin there, as after `\\u`. */
const hasFourHex = (bytes: Uint8Array, at: number): boolean =>
  isHex(bytes[at]) && isHex(bytes[at + 1]) && isHex(bytes[at + 2]) && isHex(bytes[at + 3]);

/** A mark that begins a key is part of it. */
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** The text of the string at these bytes: `"\u0061"` and `"a"` are the same one. */
export const textIn = (bytes: Uint8Array, start: number, end: number): string => {
  if (end - start <= MAX_SHORT) {
    const text = plainText(bytes, start + 1, end - 1);
    if (text !== undefined) return text;
  }
  const written = utf8.decode(bytes.subarray(start + 1, end - 1));
  return written.includes("\\") ? (JSON.parse(`"${written}"`) as string) : written;
};

/** Up to here, joining characters is faster than a decoder: a body of 1 MiB may have 170,000 keys. */
const MAX_SHORT = 14;

/** The text of ASCII bytes without escapes; undefined for others. */
const plainText = (bytes: Uint8Array, start: number, end: number): string | undefined => {
  let text = "";
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? BACKSLASH;
    if (byte >= 0x80 || byte === BACKSLASH) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
};
