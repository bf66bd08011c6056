import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseDurationMs } from "./duration.ts";

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

test.each(NONE)("'%s' is no duration", (text) => expect(parseDurationMs(text)).toBeUndefined());
