import { compareNumbers, isJsonNumber } from "../json/exact-number.ts";
import { isObject, type ConditionPart } from "./condition.ts";

/** What an evaluation may still do. */
export type Work = { stepsLeft: number };

/** A value that is there. `isElement`: of an array, or an array whose elements are looked at too. */
export type Compared = { readonly value: unknown; readonly isElement: boolean };

type Comparing = ConditionPart & { readonly kind: "compare" };

/** Whether a comparison holds for a value; undefined where there are no steps left. Another type never holds. */
export const holds = (part: Comparing, compared: Compared, work: Work): boolean | undefined => {
  return work.stepsLeft > 0 ? compare(part, compared, work) : undefined;
};

const compare = (
  { operator, operand }: Comparing,
  { value, isElement }: Compared,
  work: Work,
): boolean | undefined => {
  switch (operator) {
    case "$eq":
      return isEqual(value, operand, work);
    case "$in":
      return isIn(value, operand as readonly unknown[], work);
    case "$gt":
      return orderOf(value, operand) > 0;
    case "$gte":
      return orderOf(value, operand) >= 0;
    case "$lt":
      return orderOf(value, operand) < 0;
    case "$lte":
      return orderOf(value, operand) <= 0;
    case "$contains":
      // A list contains its members, not parts of them.
      if (isElement) return isEqual(value, operand, work);
      return textContains(value, operand, work);
    case "$startsWith":
      return typeof value === "string" && value.startsWith(operand as string);
    case "$endsWith":
      return typeof value === "string" && value.endsWith(operand as string);
    default:
      return operator satisfies never;
  }
};

/** Negative, 0 or positive; NaN, which no comparison holds for, unless both are numbers or both are texts. */
const orderOf = (value: unknown, operand: unknown): number => {
  if (isJsonNumber(value) && isJsonNumber(operand)) return compareNumbers(value, operand);
  if (typeof value !== "string" || typeof operand !== "string") return Number.NaN;
  return value === operand ? 0 : value < operand ? -1 : 1;
};

/** Asked for each member: to compare a large object with each of a hundred takes seconds. */
const isIn = (value: unknown, members: readonly unknown[], work: Work): boolean | undefined => {
  for (const member of members) {
    if (work.stepsLeft <= 0) return undefined;
    if (isEqual(value, member, work)) return true;
  }
  return false;
};

const CHARACTERS_PER_STEP = 32;

const textContains = (value: unknown, operand: unknown, work: Work): boolean => {
  if (typeof value !== "string" || typeof operand !== "string") return false;
  work.stepsLeft -= Math.floor(value.length / CHARACTERS_PER_STEP);
  return value.includes(operand);
};

/** Whether two JSON values are the same: numbers by their value, objects whatever the order of their keys. */
const isEqual = (value: unknown, operand: unknown, work: Work): boolean => {
  work.stepsLeft -= 1;
  if (isJsonNumber(operand)) return isJsonNumber(value) && compareNumbers(value, operand) === 0;
  if (Array.isArray(operand)) {
    return (
      Array.isArray(value) &&
      value.length === operand.length &&
      operand.every((element, n) => isEqual(value[n], element, work))
    );
  }
  if (!isObject(operand)) return value === operand;
  if (!isObject(value)) return false;
  const entries = Object.entries(operand);
  const hasAll = entries.every(
    ([key, inner]) => Object.hasOwn(value, key) && isEqual(value[key], inner, work),
  );
  if (!hasAll) return false;
  const { length } = Object.keys(value);
  work.stepsLeft -= length;
  return length === entries.length;
};
