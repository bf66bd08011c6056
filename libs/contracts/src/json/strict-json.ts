import { parseExact } from "./exact-json.ts";
import { positionText, utf8In } from "./json-fault.ts";
import { scanJson, type KeyVisitor } from "./json-scan.ts";

export type StrictJsonLimits = {
  /** How deep arrays and objects may be nested: `[]` has the depth 1, `[{}]` 2, a number 0. */
  readonly maxDepth: number;
  /** The most keys of all objects together; no limit by default. */
  readonly maxKeys?: number;
  /** Numbers from 2^53 up become ExactNumbers. */
  readonly exactNumbers?: boolean;
};

export type StrictJson =
  | { readonly kind: "value"; readonly value: unknown }
  /** `not_json`: not JSON in UTF-8; `refused`: JSON that parsers read differently, or over a limit. */
  | {
      readonly kind: "not_json" | "refused";
      /** Names problem and position, and repeats no value: bodies hold secrets. */
      readonly message: string;
    };

// Own properties after JSON.parse, but copying them by assignment sets the prototype.
const REFUSED_KEYS = new Set(["__proto__", "constructor", "prototype"]);

const MAX_SHOWN_CHARACTERS = 64;

/**
 * The value of a JSON text that all parsers read alike: UTF-8 without a mark, no duplicate keys, no keys with a
 * meaning in JavaScript, nested no deeper than allowed. Otherwise one parser could check a value and another use a
 * different one (RFC 8259 sections 4 and 8).
 */
export const parseStrictJson = (
  bytes: Uint8Array,
  { maxDepth, maxKeys = Infinity, exactNumbers = false }: StrictJsonLimits,
): StrictJson => {
  const text = utf8In(bytes);
  if (text === undefined) return notJson("is not UTF-8");
  if (text === "") return notJson("is empty");
  if (text.startsWith("\uFEFF")) return notJson("begins with a byte-order mark");
  const scanned = scanJson(bytes, maxDepth, strictKeys(maxKeys));
  if (scanned.kind === "object" || scanned.kind === "other") {
    return { kind: "value", value: exactNumbers ? parseExact(text) : JSON.parse(text) };
  }
  const { kind, message, at } = scanned;
  if (kind === "refused_key") return { kind: "refused", message };
  const where = `${message} at ${positionText(bytes, at)}`;
  return kind === "too_deep" ? { kind: "refused", message: where } : notJson(where);
};

const notJson = (message: string) => ({ kind: "not_json", message }) as const;

/** Refuses a key that its object has already, one with a meaning in JavaScript, and too many keys. */
const strictKeys = (maxKeys: number): KeyVisitor => {
  let count = 0;
  /** The keys so far of the object that is open at each depth. */
  const keysAt: Set<string>[] = [];
  /** The last key at each depth; `[]` for an array. */
  const path: string[] = [];
  return {
    opened: (depth, isObject) => {
      path[depth] = "[]";
      if (isObject) keysAt[depth] = new Set();
    },
    key: (depth, key) => {
      count += 1;
      path[depth] = key;
      const where = (): string => shown(path.slice(1, depth + 1).join("."));
      if (count > maxKeys) return `has more than ${maxKeys} keys`;
      if (REFUSED_KEYS.has(key)) return `has a key that is refused everywhere at ${where()}`;
      const keys = keysAt[depth];
      if (keys?.has(key) === true) return `has a key twice in one object at ${where()}`;
      keys?.add(key);
      return undefined;
    },
  };
};

/** A path such as `headers.__proto__` or `a.[].b`. */
const shown = (path: string): string =>
  path.length <= MAX_SHOWN_CHARACTERS ? path : `${path.slice(0, MAX_SHOWN_CHARACTERS)}…`;
