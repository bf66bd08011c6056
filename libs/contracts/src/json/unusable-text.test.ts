import * as fc from "fast-check";
import { expect, test } from "vitest";
import { cpuRatio } from "../../../../test/harness/cpu-time.ts";
import { textProblems } from "./unusable-text.ts";

const NUL = "the character NUL (U+0000)";
const HALF = "half of a surrogate pair: not Unicode text";

test.each<[unknown, string[]]>([
  ["a\0b", [`: holds ${NUL}`]],
  ["\ud83d", [`: holds ${HALF}`]],
  ["\ude00x", [`: holds ${HALF}`]],
  [{ a: [{ b: "\0" }] }, [`a.0.b: holds ${NUL}`]],
  [{ "a\0": 1 }, [`a\0: is a name with ${NUL}`]],
  [{ "\udfff": "\0" }, [`\udfff: is a name with ${HALF}`, `\udfff: holds ${NUL}`]],
  [
    ["\0", "ok", "\ud800\ud800"],
    [`0: holds ${NUL}`, `2: holds ${HALF}`],
  ],
])("%j cannot be kept", (value, expected) => {
  const found = textProblems(value, 100).map(
    ({ path, message }) => `${path.join(".")}: ${message}`,
  );
  expect(found).toEqual(expected);
});

test("all that is Unicode text and has no NUL can be kept", () => {
  const values = fc.jsonValue({ stringUnit: "grapheme" });
  fc.assert(
    fc.property(values, (value) => {
      fc.pre(!JSON.stringify(value).includes("\\u0000"));
      expect(textProblems(value, 100)).toEqual([]);
    }),
  );
  expect(textProblems({ a: "\ud83d\ude00", b: [null, 1, true, ""] }, 100)).toEqual([]);
});

test("no more are looked for than are asked for", () => {
  const texts = Array.from({ length: 1_000 }, () => "\0");
  expect(textProblems({ a: texts, b: "\0" }, 3)).toHaveLength(3);
});

test.each([
  ["numbers", "1"],
  ["empty texts", '""'],
  ["empty lists", "[]"],
  ["nulls", "null"],
])(
  "the largest list of %s takes a few times as long as reading it at most",
  async (_what, element) => {
    const text = `[${`${element},`.repeat(255_000 / (element.length + 1))}0]`;
    const value: unknown = JSON.parse(text);
    const look = () => textProblems(value, 100);
    const read = () => JSON.parse(text) as unknown;
    expect(await cpuRatio(look, read, 8)).toBeLessThan(8); // 3 at most
  },
);
