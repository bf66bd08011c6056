import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { parseExact } from "../json/exact-json.ts";
import { parseFilter, type Filter } from "./filter.ts";
import { matchFilter, type FilterSubject } from "./match-filter.ts";

const filterOf = (json: string): Filter => {
  const parsed = parseFilter(parseExact(json));
  if (parsed.kind === "invalid") throw new Error(JSON.stringify(parsed.problems));
  return parsed.filter;
};

const CALL = {
  event_type: "call_completed",
  agent_id: "agent-7",
  call_id: "c-42",
  stored_at: "2026-11-28T12:00:00.500Z",
};

const subjectOf = (data: string | undefined): FilterSubject => ({
  ...CALL,
  data: data === undefined ? undefined : parseExact(Buffer.from(data)),
});

/** Whether `{"data":{"f":<condition>}}` matches `{"f":<value>}`; without a value the field is missing. */
const ROWS: readonly (readonly [condition: string, value: string | undefined, matches: boolean])[] =
  [
    // A plain value, and equality.
    ['"a"', '"a"', true],
    ['"a"', '"A"', false],
    ['"é"', '"e\\u0301"', false],
    ["1", "1", true],
    ["1", "1.0", true],
    ["1", '"1"', false],
    ["0", "-0", true],
    ["0", "false", false],
    ["true", "true", true],
    ["true", "1", false],
    ["null", "null", true],
    ["null", undefined, false],
    ["null", "0", false],
    ['""', "null", false],
    ['{"$eq":{"a":[1,{"b":null}],"c":2}}', '{"c":2,"a":[1,{"b":null}]}', true],
    ['{"$eq":{"a":1}}', '{"a":1,"b":2}', false],
    ['{"$eq":{"a":1,"b":2}}', '{"a":1}', false],
    ['{"$eq":{"__proto__":{}}}', '{"x":1}', false],
    ['{"$eq":{}}', "{}", true],
    ['{"$eq":{}}', "[]", false],
    ["[1,2]", "[1,2]", true],
    ["[1,2]", "[2,1]", false],
    ["[]", "[]", true],
    ["[]", "[1]", false],
    // The complement of equality.
    ['{"$ne":"a"}', '"b"', true],
    ['{"$ne":"a"}', '"a"', false],
    ['{"$ne":"a"}', "null", true],
    ['{"$ne":"a"}', "1", true],
    ['{"$ne":"a"}', undefined, false],
    ['{"$ne":null}', "null", false],
    ['{"$ne":null}', undefined, false],
    // Order: numbers with numbers, texts with texts.
    ['{"$gt":5}', "5.1", true],
    ['{"$gt":5}', "5", false],
    ['{"$gte":5}', "5", true],
    ['{"$lt":5}', "4", true],
    ['{"$lt":5}', "5", false],
    ['{"$lte":5}', "5", true],
    ['{"$gt":5}', '"6"', false],
    ['{"$gt":5}', "true", false],
    ['{"$gt":5}', "{}", false],
    ['{"$lt":5}', "null", false],
    ['{"$lte":0}', '""', false],
    ['{"$gt":5}', undefined, false],
    ['{"$gt":"b"}', '"c"', true],
    ['{"$gt":"b"}', '"B"', false],
    ['{"$gte":"2026-11-28"}', '"2026-11-28T00:00:00Z"', true],
    ['{"$lt":"b"}', "1", false],
    ['{"$gte":30,"$lt":60}', "45", true],
    ['{"$gte":30,"$lt":60}', "60", false],
    // Numbers beyond 2^53, and far beyond.
    ["9007199254740993", "9007199254740993", true],
    ["9007199254740993", "9007199254740992", false],
    ['{"$gt":9007199254740992}', "9007199254740993", true],
    ['{"$gt":9007199254740993}', "9007199254740993.5", true],
    ['{"$lt":1}', "-12345678901234567890", true],
    ['{"$in":[12345678901234567891]}', "12345678901234567890", false],
    ['{"$eq":[12345678901234567891]}', "[12345678901234567891.0]", true],
    ['{"$lt":1e999999999}', "1e999999998", true],
    ['{"$gte":0.1}', "0.1", true],
    // Lists.
    ['{"$in":["a",1,null]}', "1", true],
    ['{"$in":["a",1,null]}', "null", true],
    ['{"$in":["a",1,null]}', '"1"', false],
    ['{"$in":["a",1,null]}', undefined, false],
    ['{"$in":[[1],{"a":1}]}', '{"a":1}', true],
    ['{"$nin":["a",1]}', '"b"', true],
    ['{"$nin":["a",1]}', "1", false],
    ['{"$nin":["a"]}', undefined, false],
    // Texts.
    ['{"$contains":"ell"}', '"hello"', true],
    ['{"$contains":"ELL"}', '"hello"', false],
    ['{"$contains":""}', '""', true],
    ['{"$contains":"1"}', "11", false],
    ['{"$contains":1}', '"1"', false],
    ['{"$startsWith":"he"}', '"hello"', true],
    ['{"$startsWith":"lo"}', '"hello"', false],
    ['{"$endsWith":"lo"}', '"hello"', true],
    ['{"$endsWith":"he"}', '"hello"', false],
    ['{"$startsWith":"1"}', "12", false],
    ['{"$endsWith":"x"}', undefined, false],
    // Being there.
    ['{"$exists":true}', "null", true],
    ['{"$exists":true}', undefined, false],
    ['{"$exists":false}', undefined, true],
    ['{"$exists":false}', "null", false],
    ['{"a":{"b":{"$exists":false}}}', undefined, true],
    ['{"a":{"$exists":false}}', '"text"', true],
    ['{"length":{"$exists":true}}', '"text"', false],
    ['{"text":{"$exists":true}}', "12345678901234567890", false],
    // Fields.
    ['{"a":{"b":1}}', '{"a":{"b":1,"c":2}}', true],
    ['{"a":{"b":1}}', '{"a":1}', false],
    ['{"a.b":1}', '{"a.b":1}', true],
    ['{"a.b":1}', '{"a":{"b":1}}', false],
    ['{"0":1}', '{"0":1}', true],
    ['{"0":1}', "[1]", false],
    ['{"length":1}', "[1]", false],
    ['{"__proto__":{"$exists":true}}', "{}", false],
    ['{"__proto__":1}', '{"__proto__":1}', true],
    ['{"constructor":{"$exists":false}}', "{}", true],
    ['{"toString":{"name":{"$exists":true}}}', "{}", false],
    // An array: one of its elements.
    ['"b"', '["a","b"]', true],
    ['"c"', '["a","b"]', false],
    ['"b"', '[["a"],["b"]]', true],
    ["[2]", "[1,[2]]", true],
    ['{"$gte":3,"$lt":5}', "[1,4,10]", true],
    ['{"$gte":3,"$lt":5}', "[1,10]", false],
    ['{"$and":[{"$gte":3},{"$lt":5}]}', "[1,10]", true],
    ['{"$in":["a"]}', "[]", false],
    ['{"$contains":"vip"}', '["vip-gold","vip"]', true],
    ['{"$contains":"vip"}', '["vip-gold"]', false],
    ['{"$contains":[1]}', "[[1],2]", true],
    ['{"$contains":[1]}', "[1]", false],
    ['{"$startsWith":"vip"}', '[1,"vip-gold"]', true],
    ['{"sku":"a","qty":{"$gt":5}}', '[{"sku":"a","qty":1},{"sku":"b","qty":9}]', false],
    ['{"sku":"a","qty":{"$gt":5}}', '[{"sku":"a","qty":1},{"sku":"a","qty":9}]', true],
    ['{"sku":"a"}', '[1,null,[{"sku":"a"}]]', true],
    ['{"a":{"b":1}}', '[{"a":[{"b":2},{"b":1}]}]', true],
    ['{"sku":{"$exists":false}}', '[{"sku":"a"},{}]', true],
    ['{"sku":{"$exists":false}}', '[{"sku":"a"}]', false],
    // An array and complements: no element.
    ['{"$ne":"b"}', '["a","b"]', false],
    ['{"$ne":"b"}', '["a","c"]', true],
    ['{"$ne":"b"}', "[]", true],
    ['{"$nin":["a","b"]}', '["c","a"]', false],
    ['{"$gte":3,"$ne":10}', "[10,4]", false],
    ['{"$not":{"$gte":3}}', "[1,2]", true],
    ['{"$not":{"$gte":3}}', "[1,4]", false],
    ['{"$not":{"sku":"a"}}', '[{"sku":"b"},{}]', true],
    ['{"$not":{"sku":"a"}}', '[{"sku":"b"},{"sku":"a"}]', false],
    ['{"$not":{"sku":"a"}}', "[]", false],
    ['{"sku":{"$ne":"a"}}', '[{"sku":"a"},{"sku":"b"}]', true],
    ['{"$exists":true}', "[]", true],
    // Together, and the complement of anything.
    ['{"$or":[{"$lt":5},{"$gt":30}]}', "3", true],
    ['{"$or":[{"$lt":5},{"$gt":30}]}', "7", false],
    ['{"$or":["a",{"$startsWith":"b"}]}', '"bc"', true],
    ['{"$or":[{"$exists":false},{"$ne":"a"}]}', undefined, true],
    ['{"$and":[{"$ne":"a"},{"$ne":"b"}]}', '"c"', true],
    ['{"$and":[{"$ne":"a"},{"$ne":"b"}]}', '"b"', false],
    ['{"a":1,"$or":[{"b":1},{"c":1}]}', '{"a":1,"c":1}', true],
    ['{"$not":{"$gt":5}}', "5", true],
    ['{"$not":{"$gt":5}}', '"text"', true],
    ['{"$not":{"$gt":5}}', "null", true],
    ['{"$not":{"$gt":5}}', undefined, false],
    ['{"$not":{"$not":{"$gt":5}}}', "6", true],
    ['{"$not":{"$not":{"$eq":1,"$not":{"a":1}}}}', "[1]", false],
    ['{"$not":"a"}', '"b"', true],
    ['{"$not":{"$exists":true}}', undefined, true],
    ['{"$not":{"a":1,"b":1}}', '{"a":2}', true],
    ['{"$not":{"a":1,"b":1}}', '{"a":1}', false],
    ['{"$not":{"$or":[{"a":1},{"b":1}]}}', '{"a":2}', false],
  ];

describe("the field of an event", () => {
  test.each(ROWS)("%s on %s: %s", (condition, value, matches) => {
    const data = value === undefined ? "{}" : `{"f":${value}}`;
    const filter = filterOf(`{"data":{"f":${condition}}}`);
    expect(matchFilter(filter, subjectOf(data)).match).toBe(matches);
  });

  test("the table has a row more than once for no condition and value", () => {
    expect(new Set(ROWS.map((row) => JSON.stringify(row))).size).toBe(ROWS.length);
    expect(ROWS.length).toBeGreaterThanOrEqual(80);
  });
});

describe("the event itself", () => {
  test.each([
    ["{}", true],
    ['{"event_type":"call_completed"}', true],
    [
      '{"event_type":{"$startsWith":"call_"},"agent_id":{"$in":["agent-7"]},"call_id":"c-42"}',
      true,
    ],
    ['{"event_type":{"$ne":"call_completed"}}', false],
    ['{"agent_id":{"$nin":["agent-7"]}}', false],
    ['{"call_id":{"$exists":true}}', true],
    ['{"stored_at":{"$gte":"2026-11-28T12:00:00Z"}}', true],
    ['{"stored_at":{"$gt":"2026-11-28T17:30:00.500+05:30"}}', false],
    ['{"stored_at":{"$gte":"2026-11-28T17:30:00.500+05:30"}}', true],
    ['{"stored_at":{"$lt":"2026-11-29"}}', true],
    ['{"stored_at":"2026-11-28t12:00:00.5z"}', true],
    ['{"stored_at":{"$startsWith":"2026-11-28T12"}}', true],
    ['{"$or":[{"agent_id":"x"},{"data":{"status":"done"}}]}', true],
    ['{"$not":{"data":{"status":"done"}}}', false],
    ['{"$not":{"data":{"other":"done"}}}', false],
    ['{"$and":[{"data":{"status":"done"}},{"call_id":"c-42"}]}', true],
  ])("%s: %s", (filter, matches) => {
    expect(matchFilter(filterOf(filter), subjectOf('{"status":"done"}')).match).toBe(matches);
  });

  test("without a payload that is JSON every field is missing", () => {
    expect(
      matchFilter(filterOf('{"data":{"a":{"$exists":false}}}'), subjectOf(undefined)).match,
    ).toBe(true);
    expect(matchFilter(filterOf('{"data":{"a":{"$ne":1}}}'), subjectOf("[")).match).toBe(false);
  });
});

describe("what did not match is named: the first condition from the outside in", () => {
  test.each([
    ['{"agent_id":"x","data":{"n":1}}', "filter.agent_id"],
    ['{"data":{"status":"done","n":{"$gte":3,"$lt":5}}}', "filter.data.n.$lt"],
    ['{"data":{"status":{"$ne":"done"}}}', "filter.data.status.$ne"],
    ['{"data":{"none":{"a":{"$gt":5}}}}', "filter.data.none.a.$gt"],
    ['{"data":{"a.b":{"$exists":true}}}', 'filter.data["a.b"].$exists'],
    ['{"$and":[{"agent_id":"agent-7"},{"data":{"n":1}}]}', "filter.$and.1.data.n"],
    ['{"$or":[{"agent_id":"x"},{"data":{"n":1}}]}', "filter.$or"],
    ['{"data":{"$not":{"n":7}}}', "filter.data.$not"],
    ['{"data":{"items":{"sku":"b","qty":2}}}', "filter.data.items.sku"],
    ['{"data":{"items":{"$not":{"sku":"a"}}}}', "filter.data.items.$not"],
    ['{"data":{"tags":{"$in":["z"]}}}', "filter.data.tags.$in"],
  ])("%s: %s", (filter, because) => {
    const data = '{"status":"done","n":7,"items":[{"sku":"a"},{"sku":"b","qty":1}],"tags":["x"]}';
    expect(matchFilter(filterOf(filter), subjectOf(data))).toEqual({ match: false, because });
  });
});
