import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseExact } from "../json/exact-json.ts";
import { pathText } from "./condition.ts";
import { parseFilter } from "./filter.ts";

const problemsOf = (value: unknown): string[] => {
  const parsed = parseFilter(value);
  if (parsed.kind === "filter") return [];
  return parsed.problems.map(({ path, message }) => `${pathText(path)}: ${message}`);
};

const OF_DATA = "expected are event_type, agent_id, call_id, stored_at, data";

describe("a problem is named with its place", () => {
  test.each<[string, string[]]>([
    // The whole.
    ["[]", ["filter: expected an object of conditions"]],
    ["null", ["filter: expected an object of conditions"]],
    ['"a"', ["filter: expected an object of conditions"]],
    ['{"x":1}', [`filter.x: is not known here: ${OF_DATA}`]],
    ['{"dta":{"a":1}}', ["filter.dta: is not known here: did you mean data?"]],
    ['{"__proto__":{"a":1}}', [`filter.__proto__: is not known here: ${OF_DATA}`]],
    ['{"toString":1}', [`filter.toString: is not known here: ${OF_DATA}`]],
    ['{"$eq":1}', [`filter.$eq: needs a field: ${OF_DATA}`]],
    ['{"$exists":true}', [`filter.$exists: needs a field: ${OF_DATA}`]],
    // The roots.
    ['{"event_type":5}', ["filter.event_type: expected a text, got a number"]],
    ['{"event_type":["a"]}', ["filter.event_type: expected a text, got a list"]],
    ['{"agent_id":{"name":"a"}}', ["filter.agent_id.name: has no fields"]],
    ['{"call_id":{"$gt":5}}', ["filter.call_id.$gt: expected a text, got a number"]],
    [
      '{"call_id":{"$in":["a",1,null]}}',
      [
        "filter.call_id.$in.1: expected a text, got a number",
        "filter.call_id.$in.2: expected a text, got null",
      ],
    ],
    [
      '{"stored_at":{"$gte":"soon"}}',
      ["filter.stored_at.$gte: expected a time such as 2026-01-31T12:00:00Z, got another text"],
    ],
    [
      '{"stored_at":{"$gte":5}}',
      ["filter.stored_at.$gte: expected a time such as 2026-01-31T12:00:00Z, got a number"],
    ],
    [
      '{"stored_at":{"$gte":"2h"}}',
      ["filter.stored_at.$gte: expected a time such as 2026-01-31T12:00:00Z, got another text"],
    ],
    ['{"data":5}', ["filter.data: expected an object of conditions"]],
    ['{"data":{"$gt":5}}', ["filter.data.$gt: needs a field of data"]],
    ['{"data":{"$exists":true}}', ["filter.data.$exists: needs a field of data"]],
    // Operators.
    [
      '{"data":{"amount":{"$gte":true}}}',
      ["filter.data.amount.$gte: expected a number or a text, got true"],
    ],
    [
      '{"data":{"a":{"$lt":[1]},"b":{"$lte":{}},"c":{"$gt":null}}}',
      [
        "filter.data.a.$lt: expected a number or a text, got a list",
        "filter.data.b.$lte: expected a number or a text, got an object",
        "filter.data.c.$gt: expected a number or a text, got null",
      ],
    ],
    [
      '{"data":{"a":{"$gte_":5}}}',
      ["filter.data.a.$gte_: is not known here: did you mean $gte or $gt?"],
    ],
    [
      '{"data":{"a":{"$regex":"x"}}}',
      [
        "filter.data.a.$regex: is not known here: expected are $eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $contains, $startsWith, $endsWith, $exists, $and, $or, $not",
      ],
    ],
    ['{"data":{"a":{"$exists":1}}}', ["filter.data.a.$exists: expected true or false"]],
    [
      '{"data":{"a":{"$startsWith":5}}}',
      ["filter.data.a.$startsWith: expected a text, got a number"],
    ],
    ['{"data":{"a":{"$endsWith":null}}}', ["filter.data.a.$endsWith: expected a text, got null"]],
    [
      '{"data":{"a":{"$in":"x"}}}',
      ["filter.data.a.$in: expected a list of 1 to 100 members, got another text"],
    ],
    [
      '{"data":{"a":{"$nin":[]}}}',
      ["filter.data.a.$nin: expected a list of 1 to 100 members, got 0 members"],
    ],
    ['{"data":{"a":{"$or":{}}}}', ["filter.data.a.$or: expected a list of 1 to 100 conditions"]],
    ['{"$and":[]}', ["filter.$and: expected a list of 1 to 100 conditions"]],
    [
      '{"$or":[{"x":1},5]}',
      [
        `filter.$or.0.x: is not known here: ${OF_DATA}`,
        "filter.$or.1: expected an object of conditions",
      ],
    ],
    ['{"$not":[]}', ["filter.$not: expected an object of conditions"]],
    // Objects.
    ['{"data":{}}', ["filter.data: is empty: expected a condition"]],
    ['{"data":{"a":{}}}', ["filter.data.a: is empty: expected a condition"]],
    ['{"data":{"$or":[{}]}}', ["filter.data.$or.0: is empty: expected a condition"]],
    [
      '{"data":{"a":{"$gt":1,"b":2}}}',
      ["filter.data.a: has the operator $gt beside the field b: put them into a list for $and"],
    ],
    // A key with a point is one step.
    [
      '{"data":{"a.b":{"$gt":null}}}',
      ['filter.data["a.b"].$gt: expected a number or a text, got null'],
    ],
  ])("%s", (json, expected) => {
    expect(problemsOf(parseExact(json))).toEqual(expected);
  });
});

const nested = (levels: number): unknown =>
  levels === 1 ? { $exists: true } : { a: nested(levels - 1) };
const conditions = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`f${n}`, n]));
const members = (count: number) => Array.from({ length: count }, (_, n) => n);
/** A filter of so many bytes. */
const ofBytes = (bytes: number) => ({ data: { a: `x${"é".repeat((bytes - 24) / 2)}`, b: 1 } });

describe("a filter is bounded", () => {
  test.each<[string, unknown, unknown, string]>([
    ["bytes", ofBytes(8_192), ofBytes(8_194), "filter: has 8194 bytes: at most 8192"],
    [
      "levels",
      { data: nested(9) },
      { data: nested(10) },
      "filter.data.a.a.a.a.a.a.a.a.a: is nested deeper than 10 levels",
    ],
    [
      "conditions",
      { data: conditions(100) },
      { data: conditions(101) },
      "filter: has 101 conditions: at most 100",
    ],
    [
      "members",
      { data: { a: { $in: members(100) } } },
      { data: { a: { $in: members(101) } } },
      "filter.data.a.$in: expected a list of 1 to 100 members, got 101 members",
    ],
    [
      "characters of $contains",
      { data: { a: { $contains: "x".repeat(100) } } },
      { data: { a: { $contains: "x".repeat(101) } } },
      "filter.data.a.$contains: must have at most 100 characters",
    ],
  ])("in %s", (_what, largest, tooLarge, problem) => {
    expect(problemsOf(largest)).toEqual([]);
    expect(problemsOf(tooLarge)).toEqual([problem]);
  });

  test("in problems: the first twenty are named", () => {
    expect(problemsOf(Object.fromEntries(members(50).map((n) => [`x${n}`, n])))).toHaveLength(20);
  });
});

test.each([
  [{ data: { a: Number.POSITIVE_INFINITY } }, "filter.data.a: is too large a number"],
  [{ data: { a: Number.NaN } }, "filter.data.a: is too large a number"],
  [{ data: { a: undefined } }, "filter.data.a: is not JSON"],
  [{ data: { a: 1n } }, "filter.data.a: is not JSON"],
  [undefined, "filter: is not JSON"],
])("what is no JSON is refused: %o", (value, problem) => {
  expect(problemsOf(value)).toEqual([problem]);
});

test("a value that holds itself is refused", () => {
  const loop: Record<string, unknown> = {};
  loop["data"] = loop;
  expect(problemsOf(loop)[0]).toMatch(/is nested deeper than 10 levels$/);
});

test("problems begin with the path that was given", () => {
  const parsed = parseFilter({ x: 1 }, "endpoints");
  expect(parsed).toMatchObject({ problems: [{ path: ["endpoints", "x"] }] });
});

test("whatever comes is a filter or has a problem, and nothing is thrown", () => {
  const keys = fc.constantFrom(
    "data",
    "event_type",
    "$and",
    "$not",
    "$in",
    "$gt",
    "$eq",
    "a",
    "$x",
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 12 },
      fc.anything(),
      fc.dictionary(keys, tie("value"), { maxKeys: 4 }),
      fc.array(tie("value"), { maxLength: 4 }),
    ),
  }));
  fc.assert(
    fc.property(value, (any) => {
      const parsed = parseFilter(any);
      expect(parsed.kind === "filter" || parsed.problems.length > 0).toBe(true);
    }),
  );
});
