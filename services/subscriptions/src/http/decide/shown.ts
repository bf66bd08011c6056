import { ExactNumber, isJsonNumber } from "@ringback/contracts/json/exact-number";

const MAX_QUOTED_CHARACTERS = 64;

/** A caller's text as part of a sentence: in quotes, on one line and cut short. */
export const quoted = (text: string): string =>
  text.length <= MAX_QUOTED_CHARACTERS
    ? JSON.stringify(text)
    : JSON.stringify(`${text.slice(0, MAX_QUOTED_CHARACTERS)}…`);

/** A word or a few: an event type, a mode. Most secrets are longer. */
const WORDS = /^[\w. -]{0,30}$/;

/** No secret looks like a time. */
const LIKE_A_TIME = /^[\d:.+\-TZ ]{1,40}$/i;

/** How our own secrets begin, and those of a header for authorization. */
const SECRET = /^(?:wh(?:sec|sk|pk)_|rbs?_|bearer |basic )/i;

/**
 * A value that came, as part of a sentence: `"retrying"`, `a number (7)`, `a list`. A text is repeated only where it
 * is a word or a time: any other may be a secret in the wrong field, and so may be what is in a list or an object.
 */
export const shown = (value: unknown): string => {
  if (value === undefined || value === null) return value === null ? "null" : "nothing";
  if (typeof value === "string") {
    const isHarmless = (WORDS.test(value) && !SECRET.test(value)) || LIKE_A_TIME.test(value);
    return isHarmless ? quoted(value) : kindShown(value);
  }
  if (typeof value === "boolean") return String(value);
  if (value instanceof ExactNumber) return "a number that is too large";
  if (typeof value !== "number") return kindShown(value);
  return Number.isFinite(value) ? `a number (${value})` : "a number that is too large";
};

/** What kind of value came, without the value: of a field that holds a secret. */
export const kindShown = (value: unknown): string => {
  if (value === null) return "null";
  if (typeof value === "string") return `a text of ${value.length} characters`;
  if (isJsonNumber(value)) return "a number";
  if (typeof value === "boolean") return "true or false";
  return Array.isArray(value) ? "a list" : "an object";
};
