import { checkJson, type JsonLimits } from "./json-reader.ts";

export type StrictJsonLimits = Omit<JsonLimits, "refusedKeys"> & {
  /** Keys that no object may have; those that mean something to JavaScript unless named. */
  readonly refusedKeys?: ReadonlySet<string>;
};

/** `not_json`: no JSON text in UTF-8; `refused`: one that is not read alike by everybody, or over a limit. */
type NoStrictJson = {
  readonly kind: "not_json" | "refused";
  /** Says what and where, and repeats no value: bodies hold secrets. */
  readonly message: string;
};

export type StrictJson = { readonly kind: "value"; readonly value: unknown } | NoStrictJson;

// Own properties after JSON.parse, but a prototype for whoever copies them by assignment.
const REFUSED_KEYS = new Set(["__proto__", "constructor", "prototype"]);

// Keeps the byte-order mark, so that it can be told; RFC 8259 section 8.1 wants none.
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The value of a JSON text that everybody reads in the same way: UTF-8 without a mark, no key twice,
 * none that means something to JavaScript, no deeper than allowed. Two readers that differ are how
 * a check is passed by one value and another one is used (RFC 8259 sections 4 and 8).
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
