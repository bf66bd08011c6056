import { jsonKeys, keyHash, nameHash, type JsonKeys } from "./json-keys.ts";
import { endOfScalar, endOfString, skipSpaces, stringIn } from "./json-text.ts";

export type JsonLimits = {
  /** How deep arrays and objects may be nested: `[]` has the depth 1, `[{}]` 2, a number 0. */
  readonly maxDepth: number;
  /** Keys that no object may have. */
  readonly refusedKeys: ReadonlySet<string>;
  /** The most keys of all objects together; no limit by default. */
  readonly maxKeys?: number;
};

export type CheckedJson =
  | { readonly kind: "json" }
  | { readonly kind: "not_json"; readonly at: number }
  /** Refused JSON. The message repeats no value: bodies hold secrets. */
  | { readonly kind: "refused"; readonly message: string };

/** The open object or array of one depth; reused. */
type Level = {
  isObject: boolean;
  /** Of an object: the position of its last key, and all keys so far. */
  keyStart: number;
  keyEnd: number;
  keyHash: number;
  readonly keys: JsonKeys;
};

type Reading = {
  readonly text: string;
  readonly limits: JsonLimits;
  readonly refusedHashes: ReadonlySet<number>;
  readonly maxKeys: number;
  readonly levels: Level[];
  keyCount: number;
  at: number;
  depth: number;
  level: Level | undefined;
  expected: "value" | "value_or_end" | "key" | "key_or_end" | "comma_or_end";
  failure: Exclude<CheckedJson, { kind: "json" }> | undefined;
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
 * Checks that a text is JSON (RFC 8259) and within the limits, in one pass that builds no values and takes linear
 * time for every text. Duplicate keys are refused: two parsers could use different ones (section 4).
 */
export const checkJson = (text: string, limits: JsonLimits): CheckedJson => {
  const reading: Reading = {
    text,
    limits,
    refusedHashes: new Set(Array.from(limits.refusedKeys, nameHash)),
    maxKeys: limits.maxKeys ?? Infinity,
    levels: [],
    keyCount: 0,
    at: 0,
    depth: 0,
    level: undefined,
    expected: "value",
    failure: undefined,
  };
  while (reading.failure === undefined) {
    reading.at = skipSpaces(text, reading.at);
    if (reading.expected === "comma_or_end") {
      if (reading.level === undefined) {
        if (reading.at < text.length) return { kind: "not_json", at: reading.at };
        return { kind: "json" };
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
  } else if (unit === (level.isObject ? CLOSE_OBJECT : CLOSE_ARRAY)) close(reading);
  else notJson(reading, reading.at);
};

/** A key and the colon behind it. */
const takeKey = (reading: Reading, level: Level): void => {
  const { text, at } = reading;
  const unit = text.charCodeAt(at);
  if (unit === CLOSE_OBJECT && reading.expected === "key_or_end") return close(reading);
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
    return close(reading);
  }
  if (unit === OPEN_OBJECT || unit === OPEN_ARRAY) return open(reading, unit === OPEN_OBJECT);
  const end = endOfScalar(text, at);
  if (end < 0) return notJson(reading, ~end);
  reading.at = end;
  reading.expected = "comma_or_end";
};

const open = (reading: Reading, isObject: boolean): void => {
  const { limits, levels, at, depth } = reading;
  if (depth === limits.maxDepth) {
    return refuse(reading, `is nested deeper than ${limits.maxDepth} levels at position ${at}`);
  }
  const level = (levels[depth] ??= newLevel(reading.text));
  level.isObject = isObject;
  if (isObject) level.keys.clear();
  reading.level = level;
  reading.depth = depth + 1;
  reading.at = at + 1;
  reading.expected = isObject ? "key_or_end" : "value_or_end";
};

const newLevel = (text: string): Level => {
  const key = { keyStart: 0, keyEnd: 0, keyHash: 0, keys: jsonKeys(text) };
  return { isObject: false, ...key };
};

const close = (reading: Reading): void => {
  reading.depth -= 1;
  reading.level = reading.levels[reading.depth - 1];
  reading.at += 1;
  reading.expected = "comma_or_end";
};

/** Such as `headers.__proto__`; without the numbers of array elements. */
const pathOf = (reading: Reading): string => {
  const shown = reading.levels.slice(0, reading.depth);
  const path = shown.map((level) => (level.isObject ? keyOf(reading, level) : "[]")).join(".");
  return path.length <= MAX_SHOWN_CHARACTERS ? path : `${path.slice(0, MAX_SHOWN_CHARACTERS)}…`;
};
