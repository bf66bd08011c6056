/** UTF-16 code units: faster to compare than strings. */
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const LOWER_E = 0x65;
const UPPER_E = 0x45;
const LOWER_U = 0x75;

const HEX4 = /[0-9a-fA-F]{4}/y;
const SIMPLE_ESCAPES = new Set(Array.from('"\\/bfnrt', (character) => character.charCodeAt(0)));

/** The first position from `at` on that is not white space (RFC 8259 section 2). */
export const skipSpaces = (text: string, at: number): number => {
  let next = at;
  for (let unit = text.charCodeAt(next); unit <= SPACE; unit = text.charCodeAt(next)) {
    if (unit !== SPACE && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) break;
    next += 1;
  }
  return next;
};

/**
 * The end of the string, number or literal that begins at `start`; for an invalid one `~position` (negative) of the
 * error.
 */
export const endOfScalar = (text: string, start: number): number => {
  const unit = text.charCodeAt(start);
  if (unit === QUOTE) return endOfString(text, start);
  if (unit === MINUS || isDigit(unit)) return endOfNumber(text, start);
  for (const literal of ["true", "false", "null"]) {
    if (text.startsWith(literal, start)) return start + literal.length;
  }
  return ~start;
};

/** The same for a string, whose quote is at `start`. */
export const endOfString = (text: string, start: number): number => {
  let at = start + 1;
  for (;;) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) return at + 1;
    if (unit === BACKSLASH) {
      const escape = text.charCodeAt(at + 1);
      if (escape === LOWER_U) {
        HEX4.lastIndex = at + 2;
        if (!HEX4.test(text)) return ~at;
        at += 6;
      } else if (SIMPLE_ESCAPES.has(escape)) at += 2;
      else return ~at;
    } else if (unit >= SPACE) at += 1;
    else return ~at; // a control character, or NaN: the string has no end
  }
};

const endOfNumber = (text: string, start: number): number => {
  let at = start;
  if (text.charCodeAt(at) === MINUS) at += 1;
  if (text.charCodeAt(at) === ZERO) at += 1;
  else {
    const end = skipDigits(text, at);
    if (end === at) return ~at;
    at = end;
  }
  if (text.charCodeAt(at) === POINT) {
    const end = skipDigits(text, at + 1);
    if (end === at + 1) return ~end;
    at = end;
  }
  const exponent = text.charCodeAt(at);
  if (exponent !== LOWER_E && exponent !== UPPER_E) return at;
  at += 1;
  const sign = text.charCodeAt(at);
  if (sign === PLUS || sign === MINUS) at += 1;
  const end = skipDigits(text, at);
  return end === at ? ~at : end;
};

const skipDigits = (text: string, from: number): number => {
  let at = from;
  while (isDigit(text.charCodeAt(at))) at += 1;
  return at;
};

const isDigit = (unit: number): boolean => unit >= ZERO && unit <= NINE;

/** The text between two quotes, unescaped: `"\u0061"` and `"a"` are the same. */
export const stringIn = (text: string, start: number, end: number): string => {
  const written = text.slice(start + 1, end - 1);
  return written.includes("\\") ? (JSON.parse(`"${written}"`) as string) : written;
};
