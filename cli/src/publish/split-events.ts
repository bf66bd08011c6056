import { scanJson } from "@ringback/contracts/json/json-scan";

/** An event as it is written in a file, and the line where it begins. */
export type WrittenEvent = { readonly text: string; readonly line: number };

export type SplitEvents =
  | { readonly kind: "events"; readonly events: readonly WrittenEvent[] }
  /** `at`: a line and a column. The message repeats at most one character. */
  | { readonly kind: "invalid"; readonly at: string; readonly message: string };

/**
 * The events in a text: one JSON object, an array of them (or `{"events": […]}`), or one JSON object a line. Each
 * has its own characters as they are written.
 */
export const splitEvents = (text: string): SplitEvents => {
  if (text.trim() === "") return invalidAt(text, 0, "there is nothing");
  const whole = valueOf(text);
  if (whole !== undefined) return eventsOf(text, whole);
  const lines = text.split("\n").map((line, n) => ({ text: line.trim(), line: n + 1 }));
  const written = lines.filter((line) => line.text !== "");
  const isByLine = written.length > 1 && valueOf(written[0]?.text ?? "") !== undefined;
  if (!isByLine) return notJson(text, 1);
  const wrong = written.find((line) => valueOf(line.text) === undefined);
  return wrong === undefined
    ? { kind: "events", events: written }
    : notJson(wrong.text, wrong.line);
};

/** Undefined where the text is no JSON; the value is wrapped, as it may be null. */
const valueOf = (text: string): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
};

const eventsOf = (text: string, { value }: { readonly value: unknown }): SplitEvents => {
  if (Array.isArray(value)) return { kind: "events", events: elementsOf(text, text.indexOf("[")) };
  const wrapped = /^\s*\{\s*"events"\s*:\s*\[/.exec(text);
  const isOnlyWrapped = Object.keys(value ?? {}).length === 1;
  if (wrapped !== null && isOnlyWrapped) {
    return { kind: "events", events: elementsOf(text, wrapped[0].length - 1) };
  }
  const start = text.search(/\S/);
  return { kind: "events", events: [{ text: text.trim(), line: lineAt(text, start) }] };
};

/** The elements of the array that begins there. The text is JSON: strings and brackets alone divide it. */
const elementsOf = (text: string, start: number): WrittenEvent[] => {
  const elements: WrittenEvent[] = [];
  let line = lineAt(text, start);
  let from = start + 1;
  let depth = 0;
  const take = (end: number): void => {
    const part = text.slice(from, end);
    const before = part.slice(0, part.search(/\S|$/));
    if (part.trim() !== "") elements.push({ text: part.trim(), line: line + newLines(before) });
    line += newLines(part);
    from = end + 1;
  };
  const tokens = /["{}[\],]/g;
  tokens.lastIndex = start + 1;
  for (let token = tokens.exec(text); token !== null; token = tokens.exec(text)) {
    const [found] = token;
    if (found === '"') tokens.lastIndex = afterString(text, tokens.lastIndex);
    else if (found === "{" || found === "[") depth += 1;
    else if (depth > 0) depth -= found === "}" || found === "]" ? 1 : 0;
    else if (found === "," || found === "]") {
      take(token.index);
      if (found === "]") break;
    }
  }
  return elements;
};

/** Where the string ends in which this position is; one expression for a whole string overflows at millions. */
const afterString = (text: string, from: number): number => {
  const ends = /["\\]/g;
  ends.lastIndex = from;
  for (let end = ends.exec(text); end !== null; end = ends.exec(text)) {
    if (end[0] === '"') return ends.lastIndex;
    ends.lastIndex += 1;
  }
  return text.length;
};

const newLines = (text: string): number => text.split("\n").length - 1;

const lineAt = (text: string, at: number): number => newLines(text.slice(0, at)) + 1;

const MAX_DEPTH = 10_000;

/** Where a text stops being JSON; `line` is its first one. */
const notJson = (text: string, line: number): SplitEvents => {
  const bytes = new TextEncoder().encode(text);
  const scanned = scanJson(bytes, MAX_DEPTH);
  if (!("at" in scanned)) return invalidAt(text, 0, "is no JSON", line);
  const at = new TextDecoder().decode(bytes.subarray(0, scanned.at)).length;
  const character = text[at];
  const what = character === undefined ? "ends too early" : `does not go on with '${character}'`;
  return invalidAt(text, at, `is no JSON: it ${what} here`, line);
};

const invalidAt = (text: string, at: number, message: string, line = 1): SplitEvents => {
  const before = text.slice(0, at).split("\n");
  const lineAndColumn = `${line + before.length - 1}:${(before.at(-1) ?? "").length + 1}`;
  return { kind: "invalid", at: lineAndColumn, message };
};
