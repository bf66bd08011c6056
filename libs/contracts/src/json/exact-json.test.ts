import { Buffer } from "node:buffer";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cpuRatio } from "../../../../test/harness/cpu-time.ts";
import { parseExact } from "./exact-json.ts";
import { compareNumbers, ExactNumber, isJsonNumber } from "./exact-number.ts";

const values = fc.jsonValue({ maxDepth: 5, stringUnit: "grapheme" });

test("JSON without large numbers is read as JSON.parse reads it", () => {
  const texts = fc
    .tuple(values, fc.constantFrom(0, 2))
    .map(([value, space]) => JSON.stringify(value, null, space));
  fc.assert(
    fc.property(texts, (text) => {
      fc.pre(!/\d{16}|\d[eE]/.test(text));
      expect(parseExact(Buffer.from(text))).toEqual(JSON.parse(text));
    }),
  );
});

test("JSON with a large number is read as it is but for that number, whose digits are kept", () => {
  fc.assert(
    fc.property(values, fc.bigInt({ min: 2n ** 53n }), (value, number) => {
      const rest = JSON.stringify(value);
      fc.pre(!/\d{16}|\d[eE]/.test(rest));
      const text = `{"before":${rest},"number":-${number},"after":[${rest},${number}]}`;
      const read = parseExact(text) as Record<string, unknown>;
      expect(JSON.stringify(read)).toBe(text);
      expect(read["number"]).toEqual(new ExactNumber(`-${number}`));
      expect({ before: read["before"], after: (read["after"] as unknown[])[0] }).toEqual({
        before: JSON.parse(rest),
        after: JSON.parse(rest),
      });
    }),
  );
});

test.each([
  ["9007199254740991", 9007199254740991],
  ["9007199254740992", new ExactNumber("9007199254740992")],
  ["[-9007199254740993]", [new ExactNumber("-9007199254740993")]],
  ["1e16", new ExactNumber("1e16")],
  ["9e15", 9e15],
  ['{"a": 1E+400 }', { a: new ExactNumber("1E+400") }],
  ["1e-400", 0],
  ["0e999999999", 0],
  [
    '{"1":12345678901234567890,"a":2,"0":null}',
    { 0: null, 1: new ExactNumber("12345678901234567890"), a: 2 },
  ],
  ['{"a":1e99,"a":true}', { a: true }],
  [
    '["12345678901234567890",false,null," 1e99 \\"\\u0041"]',
    ["12345678901234567890", false, null, ' 1e99 "A'],
  ],
  ["{} ", {}],
  ["[1e99,[],{}]", [new ExactNumber("1e99"), [], {}]],
  ["", undefined],
  ["[12345678901234567890", undefined],
  ["\uFEFF{}", undefined],
  ["nul", undefined],
])("%s", (text, expected) => {
  expect(parseExact(text)).toEqual(expected);
  expect(parseExact(Buffer.from(text))).toEqual(expected);
});

test("a key __proto__ is a property like any other", () => {
  const read = parseExact('{"__proto__":{"x":12345678901234567890},"constructor":1}') as object;
  expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  expect(Object.keys(read)).toEqual(["__proto__", "constructor"]);
});

test("the deepest JSON is read, with a large number too", () => {
  const deep = `${"[".repeat(100_000)}12345678901234567890${"]".repeat(100_000)}`;
  expect(parseExact(deep)).toBeInstanceOf(Array);
});

test.each(["0,", "1e16,", '"",', '{"k":1},', "12345678901234567890,"])(
  "JSON of %s beside a large number takes time in proportion to its size",
  async (unit) => {
    const readingOf = (size: number) => {
      const json = Buffer.from(`[${unit.repeat(size / unit.length)}12345678901234567890]`);
      return () => parseExact(json);
    };
    const MIB = 1024 * 1024;
    expect(await cpuRatio(readingOf(MIB), readingOf(MIB / 8), 32)).toBeLessThan(32); // about 8, and 64 by the square
  },
);

const comparing = (digits: number) => {
  const text = `1${"0".repeat(digits)}1${"0".repeat(digits)}`;
  return () => compareNumbers(new ExactNumber(text), new ExactNumber(`${text}.0`));
};

test("a number of the longest kind is compared in proportion to its length", async () => {
  expect(await cpuRatio(comparing(400_000), comparing(50_000), 32)).toBeLessThan(32); // about 8, and 64 by the square
});

const written = (text: string) => {
  const number = parseExact(text);
  if (!isJsonNumber(number)) throw new Error(`${text} is no number`);
  return number;
};

describe("numbers compare", () => {
  test.each([
    ["9007199254740993", ">", "9007199254740992"],
    ["9007199254740993", "=", "9007199254740993.0"],
    ["9007199254740993", "=", "9.007199254740993e15"],
    ["9007199254740993", "=", "90071992547409930E-1"],
    ["9007199254740993.5", ">", "9007199254740993"],
    ["9007199254740991", "<", "9007199254740992"],
    ["-9007199254740993", "<", "-9007199254740992"],
    ["-9007199254740993", "<", "0"],
    ["1e400", ">", "1e399"],
    ["1e400", "=", "10e399"],
    ["-1e400", "<", "1e400"],
    ["1e999999999", ">", "1e999999998"],
    ["1e99999999999999999999", ">", "9e999999999"],
    ["0.1", "=", "0.1000000000000000055"],
    ["0.1", "<", "0.2"],
    ["-0", "=", "0"],
    ["1e-400", "=", "0"],
  ] as const)("%s %s %s", (a, sign, b) => {
    const order = { ">": 1, "=": 0, "<": -1 }[sign];
    expect(Math.sign(compareNumbers(written(a), written(b)))).toBe(order);
    expect(Math.sign(compareNumbers(written(b), written(a)))).toBe(order === 0 ? 0 : -order);
  });

  test("whole numbers of any size as they do on paper", () => {
    const whole = fc.oneof(fc.bigInt(), fc.bigInt({ min: -(2n ** 54n), max: 2n ** 54n }));
    fc.assert(
      fc.property(whole, whole, fc.constantFrom(0n, 1n, -1n), (a, other, step) => {
        for (const b of [other, a + step]) {
          const order = compareNumbers(written(String(a)), written(String(b)));
          expect(Math.sign(order)).toBe(a < b ? -1 : a > b ? 1 : 0);
        }
      }),
    );
  });

  test("doubles from 2^53 up with those that were written out", () => {
    expect(compareNumbers(2 ** 53, written("9007199254740993"))).toBeLessThan(0);
    expect(compareNumbers(2 ** 60, written("1152921504606846976"))).toBeGreaterThan(0);
    expect(compareNumbers(Infinity, written("1e400"))).toBeNaN();
  });
});
