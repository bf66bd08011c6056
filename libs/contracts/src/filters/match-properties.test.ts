import { Buffer } from "node:buffer";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cpuRatio } from "../../../../test/harness/cpu-time.ts";
import { parseExact } from "../json/exact-json.ts";
import { FILTER_LIMITS } from "./filter-limits.ts";
import { parseFilter, type Filter } from "./filter.ts";
import { matchFilter } from "./match-filter.ts";

const filterOf = (value: unknown): Filter => {
  const parsed = parseFilter(value);
  if (parsed.kind === "invalid") throw new Error(JSON.stringify(parsed.problems));
  return parsed.filter;
};

const EVENT = {
  event_type: "call_completed",
  agent_id: "agent-7",
  call_id: "c-42",
  stored_at: "2026-11-28T12:00:00.000Z",
};

const matches = (filter: unknown, data: unknown): boolean =>
  matchFilter(filterOf(filter), { ...EVENT, data }).match;

// Few values and names, so that conditions hold for about half of the events.
const scalars = fc.constantFrom<unknown>(0, 1, 2, "a", "ab", "", true, null);
const names = fc.constantFrom("f", "g", "h");

const { value: values } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    scalars,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(names, tie("value"), { maxKeys: 3, noNullPrototype: true }),
  ),
}));

/** Not deep: a filter has at most ten levels. */
const operands = fc.oneof(
  scalars,
  fc.array(scalars, { maxLength: 2 }),
  fc.dictionary(names, scalars, { maxKeys: 2, noNullPrototype: true }),
);

const comparisons = fc.oneof(
  scalars,
  fc.record({ $eq: operands }),
  fc.record({ $ne: operands }),
  fc.record({ $gte: fc.constantFrom(0, 1, "a"), $lt: fc.constantFrom(1, 2, "b") }),
  fc.record({ $in: fc.array(operands, { minLength: 1, maxLength: 3 }) }),
  fc.record({ $nin: fc.array(scalars, { minLength: 1, maxLength: 3 }) }),
  fc.record({ $contains: scalars }),
  fc.record({ $startsWith: fc.constantFrom("a", "b") }),
);

/** Conditions about one value, with fields in it. */
const conditionsWith = (leaf: fc.Arbitrary<unknown>) =>
  fc.letrec<{ condition: unknown }>((tie) => {
    const several = fc.array(tie("condition"), { minLength: 1, maxLength: 3 });
    return {
      condition: fc.oneof(
        { maxDepth: 1, withCrossShrink: true },
        leaf,
        fc.dictionary(names, tie("condition"), { minKeys: 1, maxKeys: 2, noNullPrototype: true }),
        fc.record({ $and: several }),
        fc.record({ $or: several }),
        fc.record({ $not: tie("condition") }),
      ),
    };
  }).condition;

const conditions = conditionsWith(fc.oneof(comparisons, fc.record({ $exists: fc.boolean() })));

const onField = (condition: unknown) => ({ data: { f: condition } });

describe("the complement", () => {
  test("of a comparison holds exactly where the comparison does not, if the field is there", () => {
    fc.assert(
      fc.property(comparisons, values, (condition, f) => {
        expect(matches(onField({ $not: condition }), { f })).toBe(
          !matches(onField(condition), { f }),
        );
      }),
      { numRuns: 1_000 },
    );
  });

  test("of a comparison does not hold where the field is missing, nor does the comparison", () => {
    fc.assert(
      fc.property(comparisons, (condition) => {
        expect(matches(onField(condition), {})).toBe(false);
        expect(matches(onField({ $not: condition }), {})).toBe(false);
      }),
    );
  });

  test("never holds together with its condition", () => {
    fc.assert(
      fc.property(conditions, values, (condition, f) => {
        expect(matches({ $and: [onField(condition), onField({ $not: condition })] }, { f })).toBe(
          false,
        );
      }),
      { numRuns: 1_000 },
    );
  });

  test("of a complement is the condition, and De Morgan's laws hold", () => {
    fc.assert(
      fc.property(conditions, conditions, values, (a, b, f) => {
        const data = { f };
        const is = (condition: unknown): boolean => matches(onField(condition), data);
        expect(is({ $not: { $not: a } })).toBe(is({ $and: [a] }));
        expect(is({ $not: { $or: [a, b] } })).toBe(is({ $and: [{ $not: a }, { $not: b }] }));
        expect(is({ $not: { $and: [a, b] } })).toBe(is({ $or: [{ $not: a }, { $not: b }] }));
        expect(is({ $or: [a, b] })).toBe(is(a) || is(b));
        expect(is({ $and: [a, b] })).toBe(is(a) && is(b));
      }),
      { numRuns: 1_000 },
    );
  });
});

test("nothing is thrown, whatever the filter and the event, and what did not match is named", () => {
  const anyData = fc.oneof(values, fc.jsonValue(), fc.anything());
  fc.assert(
    fc.property(conditions, anyData, (condition, data) => {
      const result = matchFilter(filterOf(onField(condition)), { ...EVENT, data });
      expect(result.match ? "filter.data.f" : result.because).toMatch(/^filter\.data\.f/);
    }),
    { numRuns: 1_000 },
  );
});

/** The largest filters: many conditions, lists and levels, all of which have to be looked at. */
const wide = (condition: (n: number) => unknown) =>
  filterOf({
    data: { $or: Array.from({ length: FILTER_LIMITS.maxConditions }, (_, n) => condition(n)) },
  });
const HOSTILE: readonly (readonly [string, Filter])[] = [
  ["100 comparisons", wide(() => ({ f: { $gt: 9e9 } }))],
  ["100 lookups of a text", wide((n) => ({ t: { $contains: `ab${n}` } }))],
  ["100 complements", wide(() => ({ $not: { f: { $lt: 9e9 } } }))],
  ["100 missing fields", wide(() => ({ none: { $exists: true } }))],
  [
    "100 missing fields of elements",
    filterOf(onField(Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`n${n}`, 1])))),
  ],
  ["100 objects that are equal but for a field", wide(() => ({ f: { $eq: { k0: 0 } } }))],
  [
    "a list of 100 objects that are equal but for a field",
    filterOf({ data: { f: { $in: Array.from({ length: 100 }, () => ({ k0: 0 })) } } }),
  ],
  [
    "19 lists of 80 members",
    filterOf({
      data: {
        $or: Array.from({ length: 19 }, () => ({
          f: { $in: Array.from({ length: 80 }, (_, n) => 1_000 + n) },
        })),
      },
    }),
  ],
  [
    "ten levels",
    wide((n) => (n < 50 ? { f: { f: { f: { f: { f: { $gt: n } } } } } } : { f: { $ne: 1 } })),
  ],
];

/** An event of ordinary size: a call with a hundred parts of its transcript. */
const ORDINARY = JSON.stringify({
  f: 1,
  t: "abab".repeat(50),
  transcript: Array.from({ length: 100 }, (_, n) => ({ role: "user", text: `part ${n}` })),
});

const big = (unit: string) => `[${unit.repeat(2 ** 20 / unit.length)}0]`;
const LARGE: readonly (readonly [string, string])[] = [
  ["a list of a million characters", big("0,")],
  ["lists in lists", big("[[[0]]],")],
  ["objects in a list", big('{"f":1},')],
  [
    "many fields",
    JSON.stringify(Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`k${n}`, 0]))),
  ],
  ["a long text", JSON.stringify("ab".repeat(2 ** 19))],
  ["long texts in a list", big(`"${"ab".repeat(1_000)}",`)],
  ["large numbers", big("12345678901234567890,")],
];

const matchingOf = (filter: Filter, text: string) => {
  const data = parseExact(Buffer.from(text));
  return () => matchFilter(filter, { ...EVENT, data });
};

/** About 1 ms on a machine that takes 8 ms for 1 MiB of JSON. */
const A_MS_OF_JSON = `[${"0,".repeat(2 ** 16)}0]`;
const oneMs = (): unknown => JSON.parse(A_MS_OF_JSON);

/** Zeros, and 1 at the end. */
const list = (length: number) => ({ f: [...Array.from({ length }, () => 0), 1] });

/** An object with so many fields. */
const fieldsOf = (length: number) => ({
  f: Object.fromEntries(Array.from({ length }, (_, n) => [`k${n}`, 99])),
});

/** Each condition before is a step, so that the steps end at every point of an element. */
const conditionsOf = (before: number) => ({
  $and: [...Array.from({ length: before }, () => ({ $exists: true })), { $ne: 1 }],
});

describe("evaluating is bounded", () => {
  test.each(HOSTILE)("%s take under 1 ms for an ordinary event", async (_what, filter) => {
    expect(await cpuRatio(matchingOf(filter, ORDINARY), oneMs, 1)).toBeLessThan(1);
  });

  test.each(LARGE)("the largest filters take some ms each for %s", async (_what, json) => {
    const value = parseExact(json);
    const subject = { ...EVENT, data: { f: value, t: value } };
    const matching = () => HOSTILE.map(([, filter]) => matchFilter(filter, subject));
    // About 40; one that is not bounded takes more than 300 alone.
    expect(await cpuRatio(matching, oneMs, 120)).toBeLessThan(200);
  });

  test("no list is so long that its last element counts as missing", () => {
    const lists = Array.from({ length: 20 }, (_, n) => list(33_322 + n));
    const wrong = [0, 1, 2].flatMap((before) =>
      lists.filter((data) => matches(onField(conditionsOf(before)), data)),
    );
    expect(wrong).toEqual([]);
  });

  test("a list that is longer than an evaluation goes is neither equal nor different at its end", () => {
    expect(matches(onField({ $eq: 1 }), list(20_000))).toBe(true);
    expect(matches(onField({ $eq: 1 }), list(200_000))).toBe(false);
    expect(matches(onField({ $ne: 2 }), list(20_000))).toBe(true);
    expect(matches(onField({ $ne: 2 }), list(200_000))).toBe(false);
    expect(matches(onField({ $eq: 0 }), list(200_000))).toBe(true);
  });

  test("a large object that was not compared with every member is neither one of them nor none", () => {
    const members = Array.from({ length: 98 }, (_, n) => ({ k0: n }));
    expect(matches(onField({ $nin: members }), fieldsOf(200))).toBe(true);
    const twice = [{ k0: 99 }, { k0: 99 }, ...members];
    expect(matches(onField({ $nin: twice }), fieldsOf(60_000))).toBe(false);
    expect(matches(onField({ $in: twice }), fieldsOf(60_000))).toBe(false);
  });
});
