export type StrictJsonLimits = {
  /** How deep arrays and objects may be nested: `[]` has the depth 1, `[{}]` 2, a number 0. */
  readonly maxDepth: number;
  /** Keys that no object may have; those that mean something to JavaScript unless named. */
  readonly refusedKeys?: ReadonlySet<string>;
};

export type StrictJson =
  | { readonly kind: "value"; readonly value: unknown }
  /** Says what and where, and repeats no value: bodies hold secrets. */
  | { readonly kind: "invalid"; readonly message: string };

// Own properties after JSON.parse, but a prototype for whoever copies them by assignment.
const REFUSED_KEYS = new Set(["__proto__", "constructor", "prototype"]);

const MAX_SHOWN_CHARACTERS = 64;

// Keeps the byte-order mark, so that it can be told; RFC 8259 section 8.1 wants none.
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const invalid = (message: string): StrictJson => ({ kind: "invalid", message });

/**
 * The value of a JSON text that everybody reads in the same way: UTF-8 without a mark, no key twice,
 * none that means something to JavaScript, no deeper than allowed. Two readers that differ are how
 * a check is passed by one value and another one is used (RFC 8259 sections 4 and 8).
 */
export const parseStrictJson = (bytes: Uint8Array, limits: StrictJsonLimits): StrictJson => {
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch {
    return invalid("is not UTF-8");
  }
  if (text === "") return invalid("is empty");
  if (text.startsWith("\uFEFF")) return invalid("begins with a byte-order mark");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // Not the parser's message: it quotes the text.
    const place = /at position \d+ \(line \d+ column \d+\)/.exec(String(error))?.[0];
    return invalid(`is not valid JSON${place === undefined ? "" : ` ${place}`}`);
  }
  const problem = problemIn(text, limits);
  return problem === undefined ? { kind: "value", value } : invalid(problem);
};

/** An object or array that the walk is inside of; an array has no keys. */
type Level = {
  readonly isObject: boolean;
  key: string | undefined;
  earlier: Set<string> | undefined;
};

/** UTF-16 code units of what JSON's structure is made of: comparing them is faster than texts. */
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The first thing that is wrong with a text that is known to be JSON: JSON.parse keeps no trace of it. */
const problemIn = (
  text: string,
  { maxDepth, refusedKeys = REFUSED_KEYS }: StrictJsonLimits,
): string | undefined => {
  const levels: Level[] = [];
  let level: Level | undefined;
  let isKeyNext = false;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit === QUOTE) {
      const end = endOfString(text, i);
      if (isKeyNext && level !== undefined) {
        const key = stringIn(text, i, end);
        const problem = keyProblem(level, key, refusedKeys);
        remember(level, key);
        if (problem !== undefined) return `${problem} at ${pathOf(levels)}`;
      }
      isKeyNext = false;
      i = end;
    } else if (unit === COMMA) {
      isKeyNext = level?.isObject === true;
    } else if (unit === OPEN_OBJECT || unit === OPEN_ARRAY) {
      if (levels.length === maxDepth) {
        return `is nested deeper than ${maxDepth} levels at position ${i}`;
      }
      isKeyNext = unit === OPEN_OBJECT;
      level = { isObject: isKeyNext, key: undefined, earlier: undefined };
      levels.push(level);
    } else if (unit === CLOSE_OBJECT || unit === CLOSE_ARRAY) {
      levels.pop();
      level = levels.at(-1);
      isKeyNext = false;
    }
  }
  return undefined;
};

const keyProblem = (
  level: Level,
  key: string,
  refusedKeys: ReadonlySet<string>,
): string | undefined => {
  if (refusedKeys.has(key)) return "has a key that is refused everywhere";
  const isTwice = key === level.key || level.earlier?.has(key) === true;
  return isTwice ? "has a key twice in one object" : undefined;
};

/** The last key, and a set of those before it: most objects of an event have one or two. */
const remember = (level: Level, key: string): void => {
  if (level.key !== undefined) (level.earlier ??= new Set()).add(level.key);
  level.key = key;
};

/** Where the string that opens at `start` is closed: at the first quote with no odd run of \ before. */
const endOfString = (text: string, start: number): number => {
  // Strings are most of a body: searching in them is left to the engine.
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
};

const isEscaped = (text: string, quote: number): boolean => {
  let before = quote - 1;
  while (text.charCodeAt(before) === BACKSLASH) before -= 1;
  return (quote - before) % 2 === 0;
};

/** A key may be written with escapes: `"\u0061"` and `"a"` are the same one. */
const stringIn = (text: string, start: number, end: number): string => {
  const written = text.slice(start + 1, end);
  return written.includes("\\") ? (JSON.parse(`"${written}"`) as string) : written;
};

/** Such as `headers.__proto__`; elements of arrays have no number here. */
const pathOf = (levels: readonly Level[]): string => {
  const path = levels.map(({ isObject, key }) => (isObject ? (key ?? "") : "[]")).join(".");
  return path.length <= MAX_SHOWN_CHARACTERS ? path : `${path.slice(0, MAX_SHOWN_CHARACTERS)}…`;
};
