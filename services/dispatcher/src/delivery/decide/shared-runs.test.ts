import * as fc from "fast-check";
import { expect, test } from "vitest";
import { cpuRatio } from "../../../../../test/harness/cpu-time.ts";
import { eachSharedRun, WINDOW, windowsOf } from "./shared-runs.ts";

const codes = (text: string): Uint16Array =>
  Uint16Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));

/** What of a text is found, with `_` for each character of a run; runs are told apart by their places. */
const masked = (text: string, secrets: readonly string[], minLength = 1): string => {
  const characters = text.split("");
  eachSharedRun(codes(text), windowsOf(secrets.map(codes), minLength), (first, last) => {
    characters.fill("_", first, last + 1);
  });
  return characters.join("");
};

/** The rule itself: each place of each window of each secret, by comparison. */
const maskedByComparison = (
  text: string,
  secrets: readonly string[],
  minLength: number,
): string => {
  const characters = text.split("");
  for (const secret of secrets) {
    const size = Math.min(WINDOW, secret.length);
    if (size < minLength) continue;
    for (let from = 0; from + size <= secret.length; from += 1) {
      const part = secret.slice(from, from + size);
      for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) {
        characters.fill("_", at, at + size);
      }
    }
  }
  return characters.join("");
};

test.each([
  ["the whole secret", "key abcdefghij!", "key __________!"],
  ["eight of its characters", "key bcdefghi!", "key ________!"],
  ["all but seven of its characters", "key cdefghi!", "key cdefghi!"],
  ["it at the very beginning and end", "abcdefghij abcdefghij", "__________ __________"],
  ["it twice in a row, as one run", "abcdefghijabcdefghij", "____________________"],
  ["parts that overlap", "abcdefghbcdefghi", "________________"],
  ["nothing at all", "", ""],
  ["fewer characters than a window", "abc", "abc"],
])("of a text with %s the shared runs are found", (_what, text, expected) => {
  expect(masked(text, ["abcdefghij"])).toBe(expected);
});

test("a secret that is shorter than a window is found whole, if it is long enough to count", () => {
  expect(masked("pin 123456, 12345", ["123456"], 6)).toBe("pin ______, 12345");
  expect(masked("pin 12345", ["12345"], 6)).toBe("pin 12345");
  expect(windowsOf([codes("12345")], 6).size).toBe(0);
});

test("each run is reported once, from left to right", () => {
  const runs: [number, number][] = [];
  eachSharedRun(codes("xxabcdefghixabcdefghx"), windowsOf([codes("abcdefghij")], 1), (...run) =>
    runs.push(run),
  );
  expect(runs).toEqual([
    [2, 10],
    [12, 19],
  ]);
});

const words = (maxLength: number) =>
  fc.string({ unit: fc.constantFrom("a", "b", "\uffff"), maxLength });

test("the hashes find what a comparison of every window finds", () => {
  fc.assert(
    fc.property(words(40), fc.array(words(14), { maxLength: 3 }), (text, secrets) => {
      expect(masked(text, secrets.filter(Boolean), 3)).toBe(
        maskedByComparison(text, secrets.filter(Boolean), 3),
      );
    }),
    { numRuns: 300 },
  );
});

/** Searches a text of one repeated character for itself and for another one. */
const searchOf = (length: number) => {
  const [text, other] = [codes("a".repeat(length)), codes("b".repeat(length))];
  return (): void => {
    let found = 0;
    eachSharedRun(text, windowsOf([text, other], 1), (first, last) => {
      found += last - first + 1;
    });
    expect(found).toBe(length);
  };
};

test("a text and a secret of one repeated character take time in proportion to their length", async () => {
  const KIB = 1024;
  expect(await cpuRatio(searchOf(16 * KIB), searchOf(2 * KIB), 32)).toBeLessThan(32); // about 8, and 64 by the square
});
