import { Buffer } from "node:buffer";
import { isJsonNumber } from "../json/exact-number.ts";
import { isObject, type Condition, type FilterPath, type FilterProblem } from "./condition.ts";
import { FILTER_LIMITS } from "./filter-limits.ts";
import { readCondition } from "./read-condition.ts";

/** A checked filter, for `matchFilter`. */
export type Filter = Condition;

export type ParsedFilter =
  | { readonly kind: "filter"; readonly filter: Filter }
  | { readonly kind: "invalid"; readonly problems: readonly FilterProblem[] };

/** More are of no help. */
const MAX_PROBLEMS = 20;

/**
 * Checks everything about a filter, so that matching it can neither fail nor take long: `value` is its JSON, best from
 * `parseExact`. Problems have their place, beginning with `path`: `filter.data.amount.$gte`. `{}` matches all events.
 */
export const parseFilter = (value: unknown, path = "filter"): ParsedFilter => {
  const problem = sizeProblem(value, [path]);
  if (problem !== undefined) return { kind: "invalid", problems: [problem] };
  if (isObject(value) && Object.keys(value).length === 0) return { kind: "filter", filter: [] };
  const reading = { conditions: 0, problems: [] as FilterProblem[] };
  const filter = readCondition(value, { path: [path], of: "event" }, reading);
  const { conditions, problems } = reading;
  if (conditions > FILTER_LIMITS.maxConditions) {
    const message = `has ${conditions} conditions: at most ${FILTER_LIMITS.maxConditions}`;
    problems.unshift({ path: [path], message });
  }
  return problems.length === 0
    ? { kind: "filter", filter }
    : { kind: "invalid", problems: problems.slice(0, MAX_PROBLEMS) };
};

const sizeProblem = (value: unknown, path: FilterPath): FilterProblem | undefined => {
  const problem = jsonProblem(value, path, 1);
  if (problem !== undefined) return problem;
  const { maxBytes } = FILTER_LIMITS;
  const bytes = Buffer.byteLength(JSON.stringify(value));
  return bytes <= maxBytes
    ? undefined
    : { path, message: `has ${bytes} bytes: at most ${maxBytes}` };
};

/** Why a value is not JSON, or nested too deep. It goes no deeper than a filter may be. */
const jsonProblem = (
  value: unknown,
  path: FilterPath,
  depth: number,
): FilterProblem | undefined => {
  if (value === null || typeof value === "string" || typeof value === "boolean") return undefined;
  if (isJsonNumber(value)) {
    const isFinite = typeof value !== "number" || Number.isFinite(value);
    return isFinite ? undefined : { path, message: "is too large a number" };
  }
  if (!Array.isArray(value) && !isObject(value)) return { path, message: "is not JSON" };
  if (depth > FILTER_LIMITS.maxDepth) {
    return { path, message: `is nested deeper than ${FILTER_LIMITS.maxDepth} levels` };
  }
  for (const [key, inner] of Object.entries(value)) {
    const step = Array.isArray(value) ? Number(key) : key;
    const problem = jsonProblem(inner, [...path, step], depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
};
