import { meantBy } from "../likeness.ts";
import {
  isObject,
  type Comparison,
  type Condition,
  type FilterPath,
  type FilterProblem,
} from "./condition.ts";
import { FILTER_LIMITS } from "./filter-limits.ts";
import { readOperand, type ValueKind } from "./operand.ts";

/** The parts of an event that a filter may look at, and what they are. */
const ROOTS: Readonly<Record<string, "payload" | ValueKind>> = {
  event_type: "text",
  agent_id: "text",
  call_id: "text",
  stored_at: "time",
  data: "payload",
};

const ROOT_NAMES = Object.keys(ROOTS);

/** Every operator that a filter may have. */
const OPERATORS = [
  "$eq",
  "$ne",
  "$gt",
  "$gte",
  "$lt",
  "$lte",
  "$in",
  "$nin",
  "$contains",
  "$startsWith",
  "$endsWith",
  "$exists",
  "$and",
  "$or",
  "$not",
] as const;

type Operator = (typeof OPERATORS)[number];

const COMBINING: ReadonlySet<string> = new Set(["$and", "$or", "$not"]);

/** Where a condition stands, and what it is about. */
type Position = { readonly path: FilterPath; readonly of: "event" | "payload" | ValueKind };

/** What has been found so far: how many conditions, and what is wrong. */
type Reading = { conditions: number; readonly problems: FilterProblem[] };

/** The condition in a value that is nested no deeper than a filter may be. What is wrong goes into `reading`. */
export const readCondition = (value: unknown, position: Position, reading: Reading): Condition => {
  if (!isObject(value)) return plainValue(value, position, reading);
  const keys = Object.keys(value);
  if (keys.length === 0) return refuse(reading, position.path, "is empty: expected a condition");
  const comparison = keys.find((key) => key.startsWith("$") && !COMBINING.has(key));
  const name = keys.find((key) => !key.startsWith("$"));
  if (comparison !== undefined && name !== undefined) {
    const message = `has the operator ${shortened(comparison)} beside the field ${shortened(name)}: put them into a list for $and`;
    return refuse(reading, position.path, message);
  }
  return keys.flatMap((key) => readPart(key, value[key], position, reading));
};

const shortened = (name: string): string => (name.length <= 64 ? name : `${name.slice(0, 64)}…`);

const refuse = (reading: Reading, path: FilterPath, message: string): Condition => {
  reading.problems.push({ path, message });
  return [];
};

/** A value without an operator: `$eq`. */
const plainValue = (value: unknown, { path, of }: Position, reading: Reading): Condition => {
  if (of === "event" || of === "payload") {
    return refuse(reading, path, "expected an object of conditions");
  }
  reading.conditions += 1;
  return compared("$eq", value, { path, of }, reading);
};

const readPart = (key: string, value: unknown, position: Position, reading: Reading): Condition => {
  const path = [...position.path, key];
  if (key.startsWith("$")) return readOperator(key, value, { path, of: position.of }, reading);
  if (position.of === "text" || position.of === "time")
    return refuse(reading, path, "has no fields");
  const of = position.of === "event" ? rootOf(key) : "any";
  if (of === undefined) return refuse(reading, path, notKnown(key, ROOT_NAMES));
  const condition = readCondition(value, { path, of }, reading);
  return [{ kind: "field", path, name: key, condition }];
};

const rootOf = (name: string) => (Object.hasOwn(ROOTS, name) ? ROOTS[name] : undefined);

const notKnown = (name: string, known: readonly string[]): string => {
  const meant = meantBy(name, known).slice(0, 2);
  return meant.length > 0
    ? `is not known here: did you mean ${meant.join(" or ")}?`
    : `is not known here: expected are ${known.join(", ")}`;
};

const isOperator = (key: string): key is Operator => OPERATORS.some((one) => one === key);

const readOperator = (
  key: string,
  value: unknown,
  position: Position,
  reading: Reading,
): Condition => {
  const { path, of } = position;
  if (!isOperator(key)) return refuse(reading, path, notKnown(key, OPERATORS));
  if (key === "$and") return combined("all", value, position, reading);
  if (key === "$or") return combined("any", value, position, reading);
  if (key === "$not") {
    return [{ kind: "not", path, condition: readCondition(value, position, reading) }];
  }
  reading.conditions += 1;
  if (of === "event")
    return refuse(reading, path, `needs a field: expected are ${ROOT_NAMES.join(", ")}`);
  if (of === "payload") return refuse(reading, path, "needs a field of data");
  if (key === "$exists") {
    return typeof value === "boolean"
      ? [{ kind: "exists", path, expected: value }]
      : refuse(reading, path, "expected true or false");
  }
  if (key !== "$ne" && key !== "$nin") return compared(key, value, { path, of }, reading);
  const complement = compared(key === "$ne" ? "$eq" : "$in", value, { path, of }, reading);
  return [{ kind: "not", path, condition: complement }];
};

const combined = (
  kind: "all" | "any",
  value: unknown,
  { path, of }: Position,
  reading: Reading,
): Condition => {
  const { maxMembers } = FILTER_LIMITS;
  if (!Array.isArray(value) || value.length === 0 || value.length > maxMembers) {
    return refuse(reading, path, `expected a list of 1 to ${maxMembers} conditions`);
  }
  const conditions = value.map((one: unknown, n) =>
    readCondition(one, { path: [...path, n], of }, reading),
  );
  return [{ kind, path, conditions }];
};

/** A comparison of a value that has a kind. */
const compared = (
  operator: Comparison,
  value: unknown,
  { path, of }: { readonly path: FilterPath; readonly of: ValueKind },
  reading: Reading,
): Condition => {
  const read = readOperand(operator, value, of);
  if (read.kind === "operand") return [{ kind: "compare", path, operator, operand: read.operand }];
  for (const { path: inner, message } of read.problems) {
    reading.problems.push({ path: [...path, ...inner], message });
  }
  return [];
};
