import { pathText, isObject, type Condition, type ConditionPart } from "./condition.ts";
import { holds, type Work } from "./comparison.ts";
import type { Filter } from "./filter.ts";
import { FILTER_LIMITS } from "./filter-limits.ts";

/** What a filter looks at. A field that is undefined is missing. */
export type FilterSubject = {
  readonly event_type: string | undefined;
  readonly agent_id: string | undefined;
  readonly call_id: string | undefined;
  /** In the form of `Date.toISOString`, so that times compare as texts. */
  readonly stored_at: string;
  /** The payload, by `parseExact`. */
  readonly data: unknown;
};

export type FilterMatch =
  | { readonly match: true }
  /** The place of the first condition that did not hold: `filter.data.call_duration.$gte`. */
  | { readonly match: false; readonly because: string };

/**
 * Whether an event matches a filter. Each condition is true, false, or neither (undefined): about a missing field
 * neither, except `$exists`. `$not`, `$ne` and `$nin` are the complement of true and false, and leave the third as it is.
 * Only true matches. It never throws, and looks at own properties only.
 */
export const matchFilter = (filter: Filter, subject: FilterSubject): FilterMatch => {
  const failed = firstFailed(filter, subject, { stepsLeft: FILTER_LIMITS.maxSteps });
  return failed === undefined ? { match: true } : { match: false, because: pathText(failed.path) };
};

/** The first part that does not hold, from the outside in; undefined where all hold. */
const firstFailed = (
  condition: Condition,
  value: unknown,
  work: Work,
): ConditionPart | undefined => {
  if (Array.isArray(value)) return firstFailedOfArray(condition, value, work);
  for (const part of condition) {
    const failed = failedIn(part, value, work);
    if (failed !== undefined) return failed;
  }
  return undefined;
};

const failedIn = (part: ConditionPart, value: unknown, work: Work): ConditionPart | undefined => {
  if (part.kind === "field") return firstFailed(part.condition, fieldOf(value, part.name), work);
  if (part.kind !== "all") return truthOfPart(part, value, work) === true ? undefined : part;
  for (const condition of part.conditions) {
    const failed = firstFailed(condition, value, work);
    if (failed !== undefined) return failed;
  }
  return undefined;
};

const firstFailedOfArray = (
  condition: Condition,
  array: readonly unknown[],
  work: Work,
): ConditionPart | undefined => {
  const ofArray = condition.filter((part) => !isOfElements(part));
  const ofElements = condition.filter(isOfElements);
  const failed = ofArray.find((part) => failedIn(part, array, work) !== undefined);
  if (failed !== undefined || ofElements.length === 0) return failed;
  return truthOfElements(ofElements, array, work) === true ? undefined : ofElements[0];
};

/** Undefined: neither true nor false. */
type Truth = boolean | undefined;

const truthOf = (condition: Condition, value: unknown, work: Work): Truth => {
  if (!Array.isArray(value)) return allOf(condition, (part) => truthOfPart(part, value, work));
  const ofElements = condition.filter(isOfElements);
  const truth = allOf(condition, (part) =>
    isOfElements(part) ? true : truthOfPart(part, value, work),
  );
  if (ofElements.length === 0 || truth === false) return truth;
  const ofOne = truthOfElements(ofElements, value, work);
  return ofOne === true ? truth : ofOne;
};

/** Comparisons and fields are about an array's elements; the other parts are about the array. */
const isOfElements = ({ kind }: ConditionPart): boolean => kind === "compare" || kind === "field";

/**
 * True where all parts hold for one element, at any depth, or for the array itself (`$eq` of a list). False where no
 * element makes it true, and one makes it false: elements without the field are passed over.
 */
const truthOfElements = (parts: Condition, array: readonly unknown[], work: Work): Truth => {
  const isOfArrays = parts.every(({ kind }) => kind === "compare");
  let truth: Truth;
  const rest: { readonly values: readonly unknown[]; at: number }[] = [{ values: [array], at: 0 }];
  for (let level = rest.at(-1); level !== undefined; level = rest.at(-1)) {
    if (level.at === level.values.length) {
      rest.pop();
      continue;
    }
    if ((work.stepsLeft -= 1) <= 0) return undefined;
    const value = level.values[level.at];
    level.at += 1;
    const isElement = rest.length > 1;
    const isArray = Array.isArray(value);
    if (isArray) rest.push({ values: value, at: 0 });
    if (isArray && !isOfArrays) continue;
    const ofValue = allOf(parts, (part) => truthOfPart(part, value, work, isElement));
    if (ofValue === true) return true;
    if (ofValue === false) truth = false;
  }
  return work.stepsLeft > 0 ? truth : undefined;
};

const truthOfPart = (part: ConditionPart, value: unknown, work: Work, isElement = false): Truth => {
  work.stepsLeft -= 1;
  switch (part.kind) {
    case "field":
      return truthOf(part.condition, fieldOf(value, part.name), work);
    case "compare":
      return value === undefined ? undefined : holds(part, { value, isElement }, work);
    case "exists":
      return (value !== undefined) === part.expected;
    case "all":
      return allOf(part.conditions, (one) => truthOf(one, value, work));
    case "any":
      return opposite(allOf(part.conditions, (one) => opposite(truthOf(one, value, work))));
    case "not":
      return opposite(truthOf(part.condition, value, work));
    default:
      return part satisfies never;
  }
};

const opposite = (truth: Truth): Truth => (truth === undefined ? undefined : !truth);

/** False where one is false, otherwise neither where one is neither (Kleene's logic, as in SQL). */
const allOf = <T>(ones: readonly T[], truth: (one: T) => Truth): Truth => {
  let all: Truth = true;
  for (const one of ones) {
    const result = truth(one);
    if (result === false) return false;
    if (result === undefined) all = undefined;
  }
  return all;
};

/** A field of an object; undefined where it is missing. An array or a text has no fields. */
const fieldOf = (value: unknown, name: string): unknown =>
  isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
