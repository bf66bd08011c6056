import { z } from "zod";
import { byLikeness, meantBy } from "@ringback/contracts/likeness";
import { kindShown, shown } from "./shown.ts";

type RawIssue = z.core.$ZodRawIssue;
type Issue = z.core.$ZodIssue;

/** A body may have tens of thousands of unknown keys: nobody reads more than these. */
const MAX_KEYS = 100;

/** More names than these are no help. */
const MAX_NAMES = 12;

/**
 * What is wrong with a value, for the person who sent it, where its schema has no words of its own: zod's are for
 * people who know zod. Give it to `safeParse` as `error`. `valueText` adds what came.
 */
export const issueText = (issue: RawIssue): string => {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined ? REQUIRED : `expected ${kindOf(String(issue.expected))}`;
    case "invalid_value":
      return oneOf(issue.values, issue.input);
    case "too_small":
      return tooSmallText(issue);
    case "too_big":
      return tooBigText(issue);
    case "unrecognized_keys":
      return issue.keys
        .slice(0, MAX_KEYS)
        .map((key) => unknownKey(key, knownKeys(issue)))
        .join("\n");
    case "invalid_union":
      return unionText(issue);
    case "not_multiple_of":
      return `must be a multiple of ${issue.divisor}`;
    case "invalid_key":
      return "has a name that is not valid";
    case "custom":
    case "invalid_element":
    case "invalid_format":
      return "is not valid";
    default:
      return issue satisfies never;
  }
};

const REQUIRED = "is required";

const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "an object",
  record: "an object",
  array: "a list",
  null: "null",
};

const kindOf = (expected: string): string => KINDS[expected] ?? "another value";

const oneOf = (values: readonly unknown[], input: unknown): string => {
  const names = values.map(String);
  if (names.length === 1) return `must be ${names[0]}`;
  const sorted = typeof input === "string" ? byLikeness(input, names) : names;
  return `must be one of ${listed(sorted)}`;
};

const listed = (names: readonly string[]): string =>
  names.length <= MAX_NAMES ? names.join(", ") : `${names.slice(0, MAX_NAMES).join(", ")}, …`;

const UNITS: Readonly<Record<string, string>> = {
  string: "characters",
  array: "elements",
  set: "elements",
  map: "entries",
};

const tooSmallText = ({ origin, minimum, inclusive }: RawIssue & { code: "too_small" }): string => {
  const unit = UNITS[origin];
  if (unit !== undefined)
    return minimum === 1 ? "must not be empty" : `must have at least ${minimum} ${unit}`;
  return inclusive === false ? `must be more than ${minimum}` : `must be at least ${minimum}`;
};

const tooBigText = ({ origin, maximum, inclusive }: RawIssue & { code: "too_big" }): string => {
  const unit = UNITS[origin];
  if (unit !== undefined) return `must have at most ${maximum} ${unit}`;
  return inclusive === false ? `must be less than ${maximum}` : `must be at most ${maximum}`;
};

const knownKeys = ({ inst }: RawIssue): readonly string[] =>
  inst instanceof z.ZodObject ? Object.keys(inst.shape) : [];

/** One line of the text of `unrecognized_keys`. */
const unknownKey = (key: string, known: readonly string[]): string => {
  const meant = meantBy(key, known).slice(0, 2);
  if (meant.length > 0) return `is not known here: did you mean ${meant.join(" or ")}?`;
  return known.length === 0
    ? "is not known here: nothing is expected"
    : `is not known here: expected are ${listed(known)}`;
};

/** Either a word chooses between the choices (`options`), or the first problem of each is said. */
const unionText = (issue: RawIssue & { code: "invalid_union" }): string => {
  const { options } = issue as { readonly options?: readonly unknown[] };
  if (options !== undefined) return oneOf(options, valueOf(issue));
  const texts = issue.errors.flatMap(([first]) => (first === undefined ? [] : [first.message]));
  return [...new Set(texts)].join(", or ") || "is not valid";
};

/** The value that a problem is about: of a choice, the word that chooses. */
const valueOf = (issue: {
  readonly input?: unknown;
  readonly discriminator?: unknown;
}): unknown => {
  const { input, discriminator } = issue;
  if (typeof discriminator !== "string" || typeof input !== "object" || input === null)
    return input;
  return (input as Readonly<Record<string, unknown>>)[discriminator];
};

/** Codes of problems with the value itself. Others are about its parts, or have said what they may. */
const OF_VALUES: ReadonlySet<string> = new Set([
  "invalid_type",
  "invalid_value",
  "invalid_format",
  "invalid_union",
]);

/** Fields whose value is never repeated, however short it is, nor what is in it. */
const SECRET_FIELDS: ReadonlySet<PropertyKey> = new Set(["headers", "signing_secret"]);

/** The text of an issue and the value that came: `expected a text, got a number (7)`. */
export const withValue = (issue: Issue): string => {
  const { code, message } = issue;
  const value = valueOf(issue);
  const isSize = (code === "too_small" || code === "too_big") && typeof value === "number";
  if (!isSize && !OF_VALUES.has(code ?? "")) return message;
  if (value === undefined) return message === REQUIRED ? message : `${REQUIRED}: ${message}`;
  const isSecret = issue.path.some((name) => SECRET_FIELDS.has(name));
  return `${message}, got ${isSecret ? kindShown(value) : shown(value)}`;
};
