import { isJsonNumber } from "../json/exact-number.ts";
import { parseTimeMs } from "../moment.ts";
import { FILTER_LIMITS } from "./filter-limits.ts";
import type { Comparison, FilterPath } from "./condition.ts";

/** What a comparison is about: a text, a time, or a value of any type. */
export type ValueKind = "text" | "time" | "any";

type ReadOperand =
  | { readonly kind: "operand"; readonly operand: unknown }
  | {
      readonly kind: "invalid";
      /** `path`: within the operand. */
      readonly problems: readonly { readonly path: FilterPath; readonly message: string }[];
    };

/** The operand of a comparison in the form that it is compared in: a time becomes that of `stored_at`. */
export const readOperand = (operator: Comparison, value: unknown, of: ValueKind): ReadOperand => {
  switch (operator) {
    case "$in":
      return readMembers(value, of);
    case "$eq":
      return readValue(value, of);
    case "$gt":
    case "$gte":
    case "$lt":
    case "$lte":
      return isJsonNumber(value) || typeof value === "string"
        ? readValue(value, of)
        : expected(of === "any" ? "a number or a text" : NAMES[of], value);
    case "$startsWith":
    case "$endsWith":
      return typeof value === "string"
        ? { kind: "operand", operand: value }
        : expected("a text", value);
    case "$contains":
      // A part of a time is no time.
      return isTooLong(value)
        ? invalid(`must have at most ${FILTER_LIMITS.maxContainedCharacters} characters`)
        : readValue(value, of === "time" ? "text" : of);
    default:
      return operator satisfies never;
  }
};

const isTooLong = (value: unknown): boolean =>
  typeof value === "string" && value.length > FILTER_LIMITS.maxContainedCharacters;

const NAMES = { text: "a text", time: "a time such as 2026-01-31T12:00:00Z" } as const;

const readValue = (value: unknown, of: ValueKind): ReadOperand => {
  if (of === "any") return { kind: "operand", operand: value };
  if (typeof value !== "string") return expected(NAMES[of], value);
  if (of === "text") return { kind: "operand", operand: value };
  const ms = parseTimeMs(value);
  return ms === undefined
    ? expected(NAMES.time, value)
    : { kind: "operand", operand: new Date(ms).toISOString() };
};

const readMembers = (value: unknown, of: ValueKind): ReadOperand => {
  const { maxMembers } = FILTER_LIMITS;
  if (!Array.isArray(value) || value.length === 0 || value.length > maxMembers) {
    const got = Array.isArray(value) ? `${value.length} members` : kindOf(value);
    return invalid(`expected a list of 1 to ${maxMembers} members, got ${got}`);
  }
  const members = value.map((member: unknown) => readValue(member, of));
  const problems = members.flatMap((member, n) =>
    member.kind === "invalid"
      ? member.problems.map(({ path, message }) => ({ path: [n, ...path], message }))
      : [],
  );
  if (problems.length > 0) return { kind: "invalid", problems };
  const operand = members.map((member) => member.kind === "operand" && member.operand);
  return { kind: "operand", operand };
};

const invalid = (message: string): ReadOperand => ({
  kind: "invalid",
  problems: [{ path: [], message }],
});

const expected = (what: string, value: unknown): ReadOperand =>
  invalid(`expected ${what}, got ${kindOf(value)}`);

/** The kind of a value; never the value, as it may be a secret in the wrong field. */
const kindOf = (value: unknown): string => {
  if (value === null || typeof value === "boolean") return String(value);
  if (isJsonNumber(value)) return "a number";
  if (typeof value === "string") return "another text";
  return Array.isArray(value) ? "a list" : "an object";
};
