import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseStrictJson } from "./strict-json.ts";

const parse = (text: string, maxDepth = 32) =>
  parseStrictJson(new TextEncoder().encode(text), { maxDepth });

const INVALID = expect.stringMatching(/^(?:not_json|refused)$/) as string;
const invalid = (message: string) => ({ kind: INVALID, message });

const hasRefusedKey = (text: string): boolean => /"(__proto__|constructor|prototype)"/.test(text);

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

const escaped = (key: string): string =>
  Array.from(
    { length: key.length },
    (_, i) => `\\u${key.charCodeAt(i).toString(16).padStart(4, "0")}`,
  ).join("");

test("valid JSON with each key once has the value that JSON.parse gives it", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), fc.constantFrom(undefined, 2), (json, indent) => {
      fc.pre(!hasRefusedKey(json));
      const text = JSON.stringify(JSON.parse(json), undefined, indent);
      expect(parse(text)).toEqual({ kind: "value", value: JSON.parse(json) });
    }),
  );
});

test("numbers are what JavaScript makes of them", () => {
  expect(parse("[1e400, -0, 9007199254740993]")).toEqual({
    kind: "value",
    value: [Infinity, -0, 2 ** 53],
  });
});

test("a key that is repeated anywhere is found, however it is escaped", () => {
  const keys = fc.string({ minLength: 1, unit: "binary" });
  fc.assert(
    fc.property(keys, fc.array(fc.json({ maxDepth: 2 })), (key, others) => {
      fc.pre(!["__proto__", "constructor", "prototype"].includes(key));
      fc.pre(!others.some(hasRefusedKey));
      const before = others.map((other) => `${other},`).join("");
      const text = `[${before}{${JSON.stringify(key)}:1,"${escaped(key)}":2}]`;
      expect(parse(text)).toMatchObject({
        kind: INVALID,
        message: expect.stringContaining("has a key twice in one object at [].") as string,
      });
    }),
  );
});

test("a key that begins with U+FEFF is another one than without", () => {
  const value = { "\uFEFFa": 1, a: 2 };
  expect(parse(JSON.stringify(value))).toEqual({ kind: "value", value });
});

describe("what is refused, and what the caller is told", () => {
  test.each([
    ["", "is empty"],
    ["\uFEFF{}", "begins with a byte-order mark"],
    ["{", "is not valid JSON at position 1 (line 1 column 2)"],
    ['{"secret": hush}', "is not valid JSON at position 11 (line 1 column 12)"],
    ["{'a': 1}", "is not valid JSON at position 1 (line 1 column 2)"],
    ["[1,]", "is not valid JSON at position 3 (line 1 column 4)"],
    ["NaN", "is not valid JSON at position 0 (line 1 column 1)"],
    ["{} {}", "is not valid JSON at position 3 (line 1 column 4)"],
    ['{"a":1,"a":1}', "has a key twice in one object at a"],
    ['{"a":{"b":[{"c":1},{"c":1,"c":1}]}}', "has a key twice in one object at a.b.[].c"],
    ['{"a":1,"\\u0061":1}', "has a key twice in one object at a"],
    ['{"":1,"":1}', "has a key twice in one object at "],
    ['{"__proto__":1}', "has a key that is refused everywhere at __proto__"],
    ['{"\\u005f_proto__":1}', "has a key that is refused everywhere at __proto__"],
    ['[{"a":{"constructor":1}}]', "has a key that is refused everywhere at [].a.constructor"],
    ['{"prototype":{}}', "has a key that is refused everywhere at prototype"],
  ])("%s", (text, message) => {
    expect(parse(text)).toEqual(invalid(message));
  });

  test.each([
    ['["__proto__","__proto__",{"a":"constructor"}]'],
    ['{"a":{"a":{"a":"a"}}}'],
    ['[{"a":1},{"a":1}]'],
    ['{"a":[1,"a","b"],"b":1}'],
    ['{"a":"\\"","b":"{\\"a\\":1,\\\\","c":"\\\\"}'],
    ['{"a":1,"A":1,"a ":1}'],
    [' "a" '],
    ["null"],
  ])("%s is nothing of the kind", (text) => {
    expect(parse(text)).toEqual({ kind: "value", value: JSON.parse(text) });
  });
});

test.each([
  ["a lone continuation byte", [0x22, 0x80, 0x22]],
  ["an overlong slash", [0x22, 0xc0, 0xaf, 0x22]],
  ["a surrogate in UTF-8", [0x22, 0xed, 0xa0, 0x80, 0x22]],
  ["a broken-off character", [0x22, 0xe2, 0x82, 0x22]],
  ["a code point beyond the last", [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22]],
  ["UTF-16", [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]],
])("%s is not UTF-8", (_name, bytes) => {
  expect(parseStrictJson(Uint8Array.from(bytes), { maxDepth: 32 })).toEqual(
    invalid("is not UTF-8"),
  );
});

test("the deepest level that is allowed passes, and one more does not", () => {
  expect(parse("1", 0)).toMatchObject({ kind: "value" });
  expect(parse(nested(32))).toMatchObject({ kind: "value" });
  expect(parse(nested(33))).toEqual(
    invalid("is nested deeper than 32 levels at position 32 (line 1 column 33)"),
  );
  expect(parse(`[${nested(31)},${nested(31)}]`)).toMatchObject({ kind: "value" });
  expect(parse(`{"a":${'{"a":'.repeat(31)}[]${"}".repeat(31)}}`)).toMatchObject({
    kind: INVALID,
  });
});

test("a million brackets are refused like any others", () => {
  const many = 500_000;
  expect(parse("[".repeat(many) + "]".repeat(many))).toMatchObject({ kind: INVALID });
  expect(parse("[".repeat(many))).toMatchObject({ kind: INVALID });
});

test("a path is shown in its first 64 characters", () => {
  const key = "k".repeat(100);
  expect(parse(`{"${key}":1,"${key}":1}`)).toEqual(
    invalid(`has a key twice in one object at ${"k".repeat(64)}…`),
  );
});

test("keys are counted over all objects before there is a value", () => {
  const bytes = new TextEncoder().encode('[{"a":1,"b":[{"c":1}]},{"a":1}]');
  expect(parseStrictJson(bytes, { maxDepth: 5, maxKeys: 4 })).toMatchObject({ kind: "value" });
  expect(parseStrictJson(bytes, { maxDepth: 5, maxKeys: 3 })).toEqual(
    invalid("has more than 3 keys"),
  );
});

const parsedBy = (text: string): { kind?: string; value?: unknown } => {
  try {
    return { kind: "value", value: JSON.parse(text) };
  } catch {
    return {};
  }
};

test("a text is JSON exactly where JSON.parse says so, and the same value", () => {
  const parts = fc.constantFrom(
    ...'{}[],:"\\ue0-+.19 \n\t\u0001\u00a0'.split(""),
    "true",
    "nul",
    '"a"',
    '"\\u00e9"',
    "-0.5e+1",
  );
  const texts = fc.oneof(
    fc.array(parts, { maxLength: 12 }).map((some) => some.join("")),
    fc.tuple(fc.json(), fc.nat(), parts).map(([json, n, part]) => {
      const at = n % (json.length + 1);
      return json.slice(0, at) + part + json.slice(at + (n % 2));
    }),
  );
  fc.assert(
    fc.property(texts, (text) => {
      fc.pre(text !== "");
      const expected = parsedBy(text);
      const read = parse(text);
      // JSON that JSON.parse takes may still have a key twice.
      const found = read.kind === "refused" ? expected : read.kind === "value" ? read : {};
      expect(found).toEqual(expected);
    }),
    { numRuns: 5_000 },
  );
});

test("a key is found again among thousands, however it is written", () => {
  const many = Array.from({ length: 5_000 }, (_, n) => `"${n}":0`);
  expect(parse(`{${many.join(",")}}`)).toMatchObject({ kind: "value" });
  expect(parse(`{${many.join(",")},"\\u0031":0}`)).toEqual(
    invalid("has a key twice in one object at 1"),
  );
});
