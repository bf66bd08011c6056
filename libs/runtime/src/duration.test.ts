import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { durationListSchema, durationSchema, parseDurationMs } from "./duration.ts";

const UNITS_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const YEAR_MS = 366 * UNITS_MS.d;

test("a number and a unit are read as what they say, up to a year", () => {
  const unit = fc.constantFrom(...(Object.keys(UNITS_MS) as (keyof typeof UNITS_MS)[]));
  fc.assert(
    fc.property(fc.nat({ max: 40_000_000 }), unit, (count, name) => {
      const durationMs = count * UNITS_MS[name];
      const expected = durationMs <= YEAR_MS ? durationMs : undefined;
      expect(parseDurationMs(`${count}${name}`)).toBe(expected);
    }),
    { numRuns: 500 },
  );
});

test("a duration that is written in any unit is read as the same milliseconds", () => {
  const whole = fc.integer({ min: 0, max: YEAR_MS });
  fc.assert(
    fc.property(whole, (durationMs) => {
      for (const [unit, ms] of Object.entries(UNITS_MS)) {
        const text = `${(durationMs / ms).toFixed(12)}${unit}`;
        expect([text, parseDurationMs(text)]).toEqual([text, durationMs]);
      }
    }),
  );
});

test.each([
  ["1.5s", 1_500],
  ["0.5ms", 1],
  ["0.4ms", 0],
  [" 10s ", 10_000],
  ["01s", 1_000],
  ["366d", YEAR_MS],
])("'%s' is %d ms", (text, durationMs) => expect(parseDurationMs(text)).toBe(durationMs));

const NONE = [
  "",
  " ",
  "10",
  "s",
  "-1s",
  "+1s",
  ".5s",
  "1.s",
  "1e3s",
  "0x10s",
  "1 s",
  "1S",
  "1sec",
  "1m30s",
  "1w",
  "1y",
  "367d",
  "8785h",
  "99999999999999999999ms",
  "Infinitys",
  "1s\n2s",
  "１s",
];

test.each(NONE)("'%s' is no duration", (text) => {
  expect(parseDurationMs(text)).toBeUndefined();
  const message = `'${text}' is not a duration such as 500ms, 10s, 2m, 1h or 7d`;
  expect(durationSchema.safeParse(text).error?.issues).toMatchObject([{ message }]);
});

describe("a list of durations", () => {
  test.each([
    ["10s,1m,2m", [10_000, 60_000, 120_000]],
    [" 1s , 2s ", [1_000, 2_000]],
    ["5s", [5_000]],
    ["none", []],
    [" none ", []],
  ])("'%s' is read", (text, list) => expect(durationListSchema.parse(text)).toEqual(list));

  test.each([
    ["5s,x", ["'x' in '5s,x'"]],
    ["5s,", ["'' in '5s,'"]],
    [",5s", ["'' in ',5s'"]],
    ["", ["'' in ''"]],
    ["none,5s", ["'none' in 'none,5s'"]],
    ["5s;6s", ["'5s;6s' in '5s;6s'"]],
    ["a,5s,b", ["'a' in 'a,5s,b'", "'b' in 'a,5s,b'"]],
  ])("'%s' is refused, and every wrong part is said", (text, parts) => {
    const messages = durationListSchema.safeParse(text).error?.issues.map(({ message }) => message);
    expect(messages).toEqual(parts.map((p) => `${p} is not a duration such as 5s, 2m or 1h`));
  });
});
