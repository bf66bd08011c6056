import { endOfString, parsedJson, stringIn } from "./strict-json.ts";

export type EventJson =
  | { readonly kind: "object"; readonly value: Readonly<Record<string, unknown>> }
  /** Says what and where, and repeats no value. */
  | { readonly kind: "invalid"; readonly message: string };

export type EventJsonLimits = {
  /** How deep arrays and objects may be nested: `{}` has the depth 1. */
  readonly maxDepth: number;
  /** Keys that may stand once only at the top level: two readers would take different ones. */
  readonly keysOnce: ReadonlySet<string>;
};

const invalid = (message: string): EventJson => ({ kind: "invalid", message });

/**
 * The object that a body in UTF-8 is. Unlike `parseStrictJson` it refuses only what could send an event
 * somewhere else, or what common readers cannot read: all else is the business of the one who receives it.
 */
export const parseEventJson = (bytes: Uint8Array, limits: EventJsonLimits): EventJson => {
  const json = parsedJson(bytes);
  if (json.kind === "invalid")
    return invalid(`body ${json.message}: expected a JSON object in UTF-8`);
  const { text, value } = json;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const found = Array.isArray(value) ? "an array" : value === null ? "null" : `a ${typeof value}`;
    return invalid(`body is ${found}: expected a JSON object`);
  }
  const problem = problemIn(text, limits);
  if (problem !== undefined) return invalid(`body ${problem}`);
  return { kind: "object", value: value as Record<string, unknown> };
};

/** UTF-16 code units of what JSON's structure is made of: comparing them is faster than texts. */
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COLON = 0x3a;
const QUOTE = 0x22;

/** Nesting and keys of the top level, of a text that is known to be JSON: JSON.parse keeps no trace of them. */
const problemIn = (text: string, { maxDepth, keysOnce }: EventJsonLimits): string | undefined => {
  const seen = new Set<string>();
  let depth = 0;
  let lastString = -1; // where the last string of the top level began
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit === QUOTE) {
      if (depth === 1) lastString = i;
      i = endOfString(text, i);
    } else if (unit === OPEN_OBJECT || unit === OPEN_ARRAY) {
      depth += 1;
      if (depth > maxDepth) return `is nested deeper than ${maxDepth} levels at position ${i}`;
    } else if (unit === CLOSE_OBJECT || unit === CLOSE_ARRAY) {
      depth -= 1;
    } else if (unit === COLON && depth === 1) {
      const key = stringIn(text, lastString, endOfString(text, lastString));
      if (!keysOnce.has(key)) continue;
      if (seen.has(key)) return `has the key ${key} twice`;
      seen.add(key);
    }
  }
  return undefined;
};
