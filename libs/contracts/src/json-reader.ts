import { jsonKeys, keyHash, nameHash, type JsonKeys } from "./json-keys.ts";
import { endOfScalar, endOfString, skipSpaces, stringIn } from "./json-text.ts";
import type { JsonLimits, JsonOutline, KeptElement, OutlinedJson } from "./json-outline.ts";

type Members = Record<string, unknown>;

/** An object or array that the reading is inside of: one for each depth, used again and again. */
type Level = {
  isObject: boolean;
  outline: JsonOutline | undefined;
  /** What is made of it; undefined where nothing is wanted of it. */
  value: Members | KeptElement[] | undefined;
  /** Elements or members that have ended. */
  count: number;
  /** Of an object: where the key is that was read last, and all so far. */
  keyStart: number;
  keyEnd: number;
  keyHash: number;
  readonly keys: JsonKeys;
};

type Reading = {
  readonly text: string;
  readonly limits: JsonLimits;
  readonly outline: JsonOutline;
  readonly refusedHashes: ReadonlySet<number>;
  readonly maxKeys: number;
  readonly levels: Level[];
  keyCount: number;
  at: number;
  depth: number;
  level: Level | undefined;
  expected: "value" | "value_or_end" | "key" | "key_or_end" | "comma_or_end";
  value: unknown;
  failure: Exclude<OutlinedJson, { kind: "value" }> | undefined;
};

const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;
const QUOTE = 0x22;

const MAX_SHOWN_CHARACTERS = 64;

/**
 * Reads a JSON text (RFC 8259) once, from left to right, in a time that its length bounds whatever is in
 * it: `JSON.parse` makes a value of everything, which takes up to a fifth of a second for a mebibyte. No object
 * may have a key twice: of two readers that differ, one checks what the other does not use (section 4).
 */
export const readJsonOutline = (
  text: string,
  limits: JsonLimits,
  outline: JsonOutline,
): OutlinedJson => {
  const reading: Reading = {
    text,
    limits,
    outline,
    refusedHashes: new Set(Array.from(limits.refusedKeys, nameHash)),
    maxKeys: limits.maxKeys ?? Infinity,
    levels: [],
    keyCount: 0,
    at: 0,
    depth: 0,
    level: undefined,
    expected: "value",
    value: undefined,
    failure: undefined,
  };
  while (reading.failure === undefined) {
    reading.at = skipSpaces(text, reading.at);
    if (reading.expected === "comma_or_end") {
      if (reading.level === undefined) {
        if (reading.at < text.length) return { kind: "not_json", at: reading.at };
        return { kind: "value", value: reading.value };
      }
      takeCommaOrEnd(reading, reading.level);
    } else if (reading.expected === "key" || reading.expected === "key_or_end") {
      takeKey(reading, reading.level as Level);
    } else takeValue(reading);
  }
  return reading.failure;
};

const notJson = (reading: Reading, at: number): void =>
  void (reading.failure = { kind: "not_json", at });

const refuse = (reading: Reading, message: string): void =>
  void (reading.failure = { kind: "refused", message });

const takeCommaOrEnd = (reading: Reading, level: Level): void => {
  const unit = reading.text.charCodeAt(reading.at);
  if (unit === COMMA) {
    reading.at += 1;
    reading.expected = level.isObject ? "key" : "value";
  } else if (unit === (level.isObject ? CLOSE_OBJECT : CLOSE_ARRAY)) close(reading, level);
  else notJson(reading, reading.at);
};

/** A key and the colon behind it. */
const takeKey = (reading: Reading, level: Level): void => {
  const { text, at } = reading;
  const unit = text.charCodeAt(at);
  if (unit === CLOSE_OBJECT && reading.expected === "key_or_end") return close(reading, level);
  const end = unit === QUOTE ? endOfString(text, at) : ~at;
  if (end < 0) return notJson(reading, ~end);
  const colon = skipSpaces(text, end);
  if (text.charCodeAt(colon) !== COLON) return notJson(reading, colon);
  reading.at = colon + 1;
  reading.expected = "value";
  reading.keyCount += 1;
  level.keyStart = at;
  level.keyEnd = end;
  const hash = keyHash(text, at, end);
  level.keyHash = hash;
  if (reading.keyCount > reading.maxKeys) {
    refuse(reading, `has more than ${reading.maxKeys} keys`);
  } else if (
    reading.refusedHashes.has(hash) &&
    reading.limits.refusedKeys.has(keyOf(reading, level))
  ) {
    refuse(reading, `has a key that is refused everywhere at ${pathOf(reading)}`);
  } else if (!level.keys.add(at, end, hash)) {
    refuse(reading, `has a key twice in one object at ${pathOf(reading)}`);
  }
};

const keyOf = ({ text }: Reading, { keyStart, keyEnd }: Level): string =>
  stringIn(text, keyStart, keyEnd);

const takeValue = (reading: Reading): void => {
  const { text, at, level } = reading;
  const unit = text.charCodeAt(at);
  if (unit === CLOSE_ARRAY && reading.expected === "value_or_end" && level !== undefined) {
    return close(reading, level);
  }
  const outline = outlineOfNext(reading);
  if (unit === OPEN_OBJECT || unit === OPEN_ARRAY) {
    return open(reading, unit === OPEN_OBJECT, outline);
  }
  const end = endOfScalar(text, at);
  if (end < 0) return notJson(reading, ~end);
  reading.at = end;
  if (outline === undefined) return ended(reading, undefined);
  if (unit !== QUOTE) return ended(reading, JSON.parse(text.slice(at, end)));
  ended(reading, outline.isTypeOnly === true ? "" : stringIn(text, at, end));
};

/** What is wanted of the value that comes next, or undefined for nothing. */
const outlineOfNext = (reading: Reading): JsonOutline | undefined => {
  const { level } = reading;
  if (level === undefined) return reading.outline;
  if (level.value === undefined) return undefined;
  if (level.isObject) {
    const members = level.outline?.members;
    return members?.hashes.has(level.keyHash) === true
      ? members.byName.get(keyOf(reading, level))
      : undefined;
  }
  const elements = level.outline?.elements;
  if (elements === undefined) return undefined;
  return (level.value as KeptElement[]).length < elements.maxKept ? elements.outline : undefined;
};

const open = (reading: Reading, isObject: boolean, outline: JsonOutline | undefined): void => {
  const { limits, levels, at, depth } = reading;
  if (depth === limits.maxDepth) {
    return refuse(reading, `is nested deeper than ${limits.maxDepth} levels at position ${at}`);
  }
  const level = (levels[depth] ??= newLevel(reading.text));
  level.isObject = isObject;
  level.outline = outline;
  level.value = outline === undefined ? undefined : isObject ? {} : [];
  level.count = 0;
  if (isObject) level.keys.clear();
  reading.level = level;
  reading.depth = depth + 1;
  reading.at = at + 1;
  reading.expected = isObject ? "key_or_end" : "value_or_end";
};

const newLevel = (text: string): Level => {
  const key = { keyStart: 0, keyEnd: 0, keyHash: 0, keys: jsonKeys(text) };
  return { isObject: false, outline: undefined, value: undefined, count: 0, ...key };
};

const close = (reading: Reading, { value }: Level): void => {
  reading.depth -= 1;
  reading.level = reading.levels[reading.depth - 1];
  reading.at += 1;
  ended(reading, value);
};

/** A value has ended; where it is wanted, it becomes part of what is around it. */
const ended = (reading: Reading, value: unknown): void => {
  const { level } = reading;
  reading.expected = "comma_or_end";
  if (level === undefined) reading.value = value;
  else if (value !== undefined) add(reading, level, value);
  if (level !== undefined) level.count += 1;
};

const add = (reading: Reading, level: Level, value: unknown): void => {
  if (level.isObject) (level.value as Members)[keyOf(reading, level)] = value;
  else if (level.outline?.elements?.isKept(value) === true) {
    (level.value as KeptElement[]).push({ index: level.count, value });
  }
};

/** Such as `headers.__proto__`; elements of arrays have no number here. */
const pathOf = (reading: Reading): string => {
  const shown = reading.levels.slice(0, reading.depth);
  const path = shown.map((level) => (level.isObject ? keyOf(reading, level) : "[]")).join(".");
  return path.length <= MAX_SHOWN_CHARACTERS ? path : `${path.slice(0, MAX_SHOWN_CHARACTERS)}…`;
};
