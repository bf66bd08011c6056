import { ExactNumber } from "../json/exact-number.ts";

/** A place in a filter as it was written: `["filter", "data", "amount", "$gte"]`. */
export type FilterPath = readonly (string | number)[];

/** What is wrong at a place of a filter. */
export type FilterProblem = { readonly path: FilterPath; readonly message: string };

/** Comparisons of one value with an operand. `$ne` and `$nin` are their complements. */
export type Comparison =
  "$eq" | "$gt" | "$gte" | "$lt" | "$lte" | "$in" | "$contains" | "$startsWith" | "$endsWith";

/** What has to hold of one value: every part. No part: it always holds. */
export type Condition = readonly ConditionPart[];

/** A part of a condition, with its place in the filter. */
export type ConditionPart = { readonly path: FilterPath } & (
  | { readonly kind: "field"; readonly name: string; readonly condition: Condition }
  | { readonly kind: "compare"; readonly operator: Comparison; readonly operand: unknown }
  | { readonly kind: "exists"; readonly expected: boolean }
  | { readonly kind: "all" | "any"; readonly conditions: readonly Condition[] }
  | { readonly kind: "not"; readonly condition: Condition }
);

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof ExactNumber);

const PLAIN = /^\$?[\w-]{1,64}$/;
const MAX_PATH_CHARACTERS = 256;

/** A place in a filter for people: `filter.data.amount.$gte`, `filter.data["a.b"]`, `filter.$or`. */
export const pathText = (path: FilterPath): string => {
  const text = path.reduce<string>((before, step) => {
    if (typeof step === "string" && !PLAIN.test(step)) return `${before}[${JSON.stringify(step)}]`;
    return before === "" ? String(step) : `${before}.${step}`;
  }, "");
  return text.length <= MAX_PATH_CHARACTERS ? text : `${text.slice(0, MAX_PATH_CHARACTERS)}…`;
};
