import {
  QUOTE,
  OPEN_OBJECT,
  CLOSE_OBJECT,
  OPEN_ARRAY,
  CLOSE_ARRAY,
  COMMA,
  COLON,
  BLANK,
  textIn,
  endOfScalar,
  endOfString,
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
  | NotAccepted;

/** Names the problem and its byte, and repeats no value. */
type NotAccepted = {
  readonly kind: "invalid" | "too_deep" | "refused_key";
  readonly message: string;
  readonly at: number;
};

/** Sees the keys of every depth. */
export type KeyVisitor = {
  /** An array or object that is not empty begins; the outermost one has the depth 1. */
  readonly opened: (depth: number, isObject: boolean) => void;
  /** A key of the object that is open at this depth; returns why it is refused, or undefined. */
  readonly key: (depth: number, key: string) => string | undefined;
};

/**
 * Checks that bytes are JSON (RFC 8259), nested no deeper than `maxDepth` (`[]` has the depth 1, `[{}]` 2, a number 0),
 * and finds the members of the outermost object, in one pass that builds no values. The caller checks that the bytes
 * are UTF-8: every byte beyond ASCII is accepted here.
 */
export const scanJson = (bytes: Uint8Array, maxDepth: number, visitor?: KeyVisitor): ScannedJson =>
  new Scan(bytes, maxDepth, visitor).run();

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
  readonly #visitor: KeyVisitor | undefined;
  /** For each open level: 1 for an object, 0 for an array. */
  readonly #levels: Uint8Array;
  readonly #members: ScannedMember[] = [];
  #at = 0;
  #depth = 0;
  #key = "";
  #valueStart = 0;
  #elements = 0;
  #oddElement = -1;
  /** What is wrong with JSON that is valid. */
  #refusal: Omit<NotAccepted, "at"> | undefined;

  constructor(bytes: Uint8Array, maxDepth: number, visitor: KeyVisitor | undefined) {
    this.#bytes = bytes;
    this.#maxDepth = maxDepth;
    this.#visitor = visitor;
    this.#levels = new Uint8Array(maxDepth + 1);
  }

  run(): ScannedJson {
    this.#skipBlanks();
    const first = this.#bytes[this.#at];
    if (!this.#values()) {
      const refusal = this.#refusal ?? { kind: "invalid" as const, message: "is not valid JSON" };
      return { ...refusal, at: this.#at };
    }
    if (first === OPEN_OBJECT) return { kind: "object", members: this.#members };
    return { kind: "other", found: KINDS.get(first ?? 0) ?? "a number" };
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
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) return this.#open(byte === OPEN_OBJECT);
    return this.#goTo(endOfScalar(this.#bytes, this.#at)) ? "done" : "no";
  }

  #open(isObject: boolean): "done" | "opened" | "no" {
    if (this.#depth === this.#maxDepth) {
      const message = `is nested deeper than ${this.#maxDepth} levels`;
      this.#refusal = { kind: "too_deep", message };
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
    this.#visitor?.opened(this.#depth, isObject);
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
    if (this.#bytes[start] !== QUOTE) return false;
    if (!this.#goTo(endOfString(this.#bytes, start))) return false;
    const end = this.#at;
    this.#skipBlanks();
    if (this.#bytes[this.#at] !== COLON) return false;
    this.#at += 1;
    this.#skipBlanks();
    if (this.#depth > 1 && this.#visitor === undefined) return true;
    const key = textIn(this.#bytes, start, end);
    if (this.#depth === 1) this.#key = key;
    const message = this.#visitor?.key(this.#depth, key);
    if (message !== undefined) this.#refusal = { kind: "refused_key", message };
    return message === undefined;
  }

  #skipBlanks(): void {
    while (BLANK[this.#bytes[this.#at] ?? 0] === 1) this.#at += 1;
  }

  /** Goes behind a scalar, or to what is wrong with it (`~position`). */
  #goTo(end: number): boolean {
    this.#at = end < 0 ? ~end : end;
    return end >= 0;
  }
}
