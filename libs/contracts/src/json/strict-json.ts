import { checkJson, type JsonLimits } from "./json-reader.ts";

export type StrictJsonLimits = Omit<JsonLimits, "refusedKeys"> & {
  /** Keys that no object may have; by default those with a meaning in JavaScript. */
  readonly refusedKeys?: ReadonlySet<string>;
};

/** `not_json`: not JSON in UTF-8; `refused`: JSON that parsers read differently, or over a limit. */
type NoStrictJson = {
  readonly kind: "not_json" | "refused";
  /** Names problem and position, and repeats no value: bodies hold secrets. */
  readonly message: string;
};

export type StrictJson = { readonly kind: "value"; readonly value: unknown } | NoStrictJson;

// Own properties after JSON.parse, but copying them by assignment sets the prototype.
const REFUSED_KEYS = new Set(["__proto__", "constructor", "prototype"]);

// Keeps the byte-order mark, so that it is refused (RFC 8259 section 8.1).
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The value of a JSON text that all parsers read alike: UTF-8 without a mark, no duplicate keys, no keys with a
 * meaning in JavaScript, nested no deeper than allowed. Otherwise one parser could check a value and another use a
 * different one (RFC 8259 sections 4 and 8).
 */
export const parseStrictJson = (bytes: Uint8Array, limits: StrictJsonLimits): StrictJson => {
  const text = textIn(bytes);
  if (typeof text !== "string") return text;
  const read = checkJson(text, { refusedKeys: REFUSED_KEYS, ...limits });
  switch (read.kind) {
    case "json":
      return { kind: "value", value: JSON.parse(text) };
    case "not_json":
      return notJson(`is not valid JSON${positionIn(text, read.at)}`);
    case "refused":
      return read;
    default:
      return read satisfies never;
  }
};

const notJson = (message: string): NoStrictJson => ({ kind: "not_json", message });

const textIn = (bytes: Uint8Array): string | NoStrictJson => {
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch {
    return notJson("is not UTF-8");
  }
  if (text === "") return notJson("is empty");
  if (text.startsWith("\uFEFF")) return notJson("begins with a byte-order mark");
  return text;
};

/** In the words of `JSON.parse`. */
const positionIn = (text: string, at: number): string => {
  const before = text.slice(0, at).split("\n");
  const column = (before.at(-1) ?? "").length + 1;
  return ` at position ${at} (line ${before.length} column ${column})`;
};
