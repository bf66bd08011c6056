import {
  QUOTE,
  BACKSLASH,
  OPEN_OBJECT,
  CLOSE_OBJECT,
  OPEN_ARRAY,
  CLOSE_ARRAY,
  COMMA,
  COLON,
  MINUS,
  BLANK,
  ESCAPED,
  isDigit,
  hasFourHex,
  textIn,
  endOfNumber,
} from "./json-bytes.ts";

/** A member of the outermost object: its key, and its value's position in the bytes. */
export type ScannedMember = {
  readonly key: string;
  readonly start: number;
  /** Behind the value's last byte. */
  readonly end: number;
  /** Of an array: the index of the first element that is not an object; -1: all are objects. */
  readonly oddElement: number;
};

export type ScannedJson =
  /** Members in their order; keys may repeat. */
  | { readonly kind: "object"; readonly members: readonly ScannedMember[] }
  /** JSON, but not an object. `found`: such as `an array`. */
  | { readonly kind: "other"; readonly found: string }
  /** Names problem and position, and repeats no value. */
  | { readonly kind: "invalid" | "too_deep"; readonly message: string };

/**
 * Checks that bytes are JSON (RFC 8259), nested no deeper than `maxDepth`, and finds the members of the outermost
 * object, in one pass that builds no values. The caller checks that the bytes are UTF-8: every byte beyond ASCII is
 * accepted here.
 */
export const scanJson = (bytes: Uint8Array, maxDepth: number): ScannedJson =>
  new Scan(bytes, maxDepth).run();

/** A value's first byte determines its kind. */
const KINDS: ReadonlyMap<number, string> = new Map([
  [OPEN_ARRAY, "an array"],
  [QUOTE, "a string"],
  [0x74, "a boolean"],
  [0x66, "a boolean"],
  [0x6e, "null"],
]);

/** The state of a scan. A class for speed: its loop runs over every byte of every event. */
class Scan {
  readonly #bytes: Uint8Array;
  readonly #maxDepth: number;
  /** For each open level: 1 for an object, 0 for an array. */
  readonly #levels: Uint8Array;
  readonly #members: ScannedMember[] = [];
  #at = 0;
  #depth = 0;
  #key = "";
  #valueStart = 0;
  #elements = 0;
  #oddElement = -1;
  #isTooDeep = false;

  constructor(bytes: Uint8Array, maxDepth: number) {
    this.#bytes = bytes;
    this.#maxDepth = maxDepth;
    this.#levels = new Uint8Array(maxDepth + 1);
  }

  run(): ScannedJson {
    this.#skipBlanks();
    const first = this.#bytes[this.#at];
    if (!this.#values()) return this.#problem();
    if (first === OPEN_OBJECT) return { kind: "object", members: this.#members };
    return { kind: "other", found: KINDS.get(first ?? 0) ?? "a number" };
  }

  #problem(): ScannedJson {
    const where = `at position ${this.#at}`;
    if (!this.#isTooDeep) return { kind: "invalid", message: `is not valid JSON ${where}` };
    return { kind: "too_deep", message: `is nested deeper than ${this.#maxDepth} levels ${where}` };
  }

  /** Reads the outermost value; false when it is invalid, or when something follows it. */
  #values(): boolean {
    for (;;) {
      // A value begins here, or an empty array or object ends.
      const opened = this.#value();
      if (opened === "no") return false;
      if (opened === "opened") continue;
      // After a value: another one, or the end of its array or object.
      for (;;) {
        this.#skipBlanks();
        if (this.#depth === 0) return this.#at === this.#bytes.length;
        if (this.#depth === 1) this.#endMember();
        const byte = this.#bytes[this.#at];
        const isObject = this.#levels[this.#depth] === 1;
        if (byte === COMMA) {
          this.#at += 1;
          this.#skipBlanks();
          if (isObject && !this.#keyAndColon()) return false;
          break;
        }
        if (byte !== (isObject ? CLOSE_OBJECT : CLOSE_ARRAY)) return false;
        this.#at += 1;
        this.#depth -= 1;
      }
    }
  }

  /** `opened`: an array or object that is not empty; a value follows. */
  #value(): "done" | "opened" | "no" {
    const byte = this.#bytes[this.#at] ?? 0;
    if (this.#depth <= 2) this.#noteStart(byte);
    if (byte === QUOTE) return this.#string() ? "done" : "no";
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) return this.#open(byte === OPEN_OBJECT);
    if (byte === MINUS || isDigit(byte)) return this.#number() ? "done" : "no";
    return this.#word() ? "done" : "no";
  }

  #open(isObject: boolean): "done" | "opened" | "no" {
    if (this.#depth === this.#maxDepth) {
      this.#isTooDeep = true;
      return "no";
    }
    this.#at += 1;
    this.#skipBlanks();
    if (this.#bytes[this.#at] === (isObject ? CLOSE_OBJECT : CLOSE_ARRAY)) {
      this.#at += 1;
      return "done";
    }
    this.#depth += 1;
    this.#levels[this.#depth] = isObject ? 1 : 0;
    return !isObject || this.#keyAndColon() ? "opened" : "no";
  }

  #noteStart(byte: number): void {
    if (this.#depth === 1) {
      this.#valueStart = this.#at;
      this.#elements = 0;
      this.#oddElement = -1;
    } else if (this.#depth === 2 && this.#levels[2] === 0) {
      if (this.#oddElement === -1 && byte !== OPEN_OBJECT) this.#oddElement = this.#elements;
      this.#elements += 1;
    }
  }

  #endMember(): void {
    if (this.#levels[1] !== 1) return;
    let end = this.#at;
    while (BLANK[this.#bytes[end - 1] ?? 0] === 1) end -= 1;
    const [start, oddElement] = [this.#valueStart, this.#oddElement];
    this.#members.push({ key: this.#key, start, end, oddElement });
  }

  #keyAndColon(): boolean {
    const start = this.#at;
    if (this.#bytes[start] !== QUOTE || !this.#string()) return false;
    if (this.#depth === 1) this.#key = textIn(this.#bytes, start, this.#at);
    this.#skipBlanks();
    if (this.#bytes[this.#at] !== COLON) return false;
    this.#at += 1;
    this.#skipBlanks();
    return true;
  }

  #skipBlanks(): void {
    while (BLANK[this.#bytes[this.#at] ?? 0] === 1) this.#at += 1;
  }

  /** Reads from the opening quote to after the closing one. */
  #string(): boolean {
    const bytes = this.#bytes;
    let at = this.#at + 1;
    for (;;) {
      let byte = bytes[at];
      // RFC 8259 section 7: unescaped. Comparing is faster than a table here.
      while (byte !== undefined && byte !== QUOTE && byte !== BACKSLASH && byte >= 0x20) {
        at += 1;
        byte = bytes[at];
      }
      if (byte === QUOTE) break;
      this.#at = at;
      if (byte !== BACKSLASH) return false; // a control character, or the end
      const escaped = bytes[at + 1] ?? 0;
      if (ESCAPED[escaped] === 1) at += 2;
      else if (escaped === 0x75 && hasFourHex(bytes, at + 2)) at += 6;
      else return false;
    }
    this.#at = at + 1;
    return true;
  }

  #number(): boolean {
    const end = endOfNumber(this.#bytes, this.#at);
    if (end > 0) this.#at = end;
    return end > 0;
  }

  #word(): boolean {
    const word = WORDS.find((one) => one[0] === this.#bytes[this.#at]);
    if (word === undefined) return false;
    for (const byte of word) {
      if (this.#bytes[this.#at] !== byte) return false;
      this.#at += 1;
    }
    return true;
  }
}

const WORDS = ["true", "false", "null"].map((word) =>
  Uint8Array.from(word, (character) => character.charCodeAt(0)),
);
