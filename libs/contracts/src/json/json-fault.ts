import { scanJson } from "./json-scan.ts";

// Keeps the byte-order mark, which counts as a character.
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A byte's place in a text, in the words of `JSON.parse`: `position 11 (line 1 column 12)`. The bytes are UTF-8. */
export const positionText = (bytes: Uint8Array, at: number): string => {
  const before = UTF8.decode(bytes.subarray(0, at));
  const lines = before.split("\n");
  const column = (lines.at(-1) ?? "").length + 1;
  return `position ${before.length} (line ${lines.length} column ${column})`;
};

/** The text of UTF-8 bytes; undefined where they are none. */
export const utf8In = (bytes: Uint8Array): string | undefined => {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
};

/**
 * Why bytes are not JSON in UTF-8 without a byte-order mark (RFC 8259 section 8.1), with the place; undefined: they
 * are. It repeats no value, as bodies hold secrets, and says the same wherever JSON is read.
 */
export const jsonFault = (bytes: Uint8Array): string | undefined => {
  const text = utf8In(bytes);
  if (text === undefined) return "is not UTF-8";
  if (text === "") return "is empty";
  if (text.startsWith("\uFEFF")) return "begins with a byte-order mark";
  const scanned = scanJson(bytes, bytes.byteLength); // as deep as it likes: that is no fault of JSON
  return scanned.kind === "invalid"
    ? `${scanned.message} at ${positionText(bytes, scanned.at)}`
    : undefined;
};
