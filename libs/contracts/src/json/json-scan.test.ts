import { Buffer } from "node:buffer";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cpuRatio } from "../../../../test/harness/cpu-time.ts";
import { textIn } from "./json-bytes.ts";
import { scanJson } from "./json-scan.ts";

const MAX_DEPTH = 64;

const bytes = (text: string): Uint8Array => Buffer.from(text, "utf8");
const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

const anyJson = fc
  .tuple(fc.jsonValue({ maxDepth: 6, stringUnit: "binary" }), fc.constantFrom(0, 1, "\t"))
  .map(([value, space]) => JSON.stringify(value, null, space));

/** JSON in which something was put, cut or changed: some of it is JSON still. */
const nearlyJson = fc
  .tuple(
    anyJson,
    fc.nat(),
    fc.nat({ max: 2 }),
    fc.oneof(
      fc.constantFrom(
        ...Array.from('{}[]:,"\\-+.eE01tfnu \n\t\u0000\u001f\u007f\u00a0'),
        "\\u00e",
        "\\u00e9",
        "\\x",
      ),
      fc.constantFrom("true", "false", "null", "NaN", "1e5", "-0", "01", "1.", ".5", "1e", "-"),
    ),
  )
  .map(([text, place, cut, put]) => {
    const at = place % (text.length + 1);
    return text.slice(0, at) + put + text.slice(at + cut);
  })
  .filter((text) => text.isWellFormed());

describe("what is JSON", () => {
  test("is JSON exactly where JSON.parse takes it", () => {
    fc.assert(
      fc.property(fc.oneof(anyJson, nearlyJson, fc.string()), (text) => {
        const found = scanJson(bytes(text), MAX_DEPTH).kind !== "invalid";
        expect({ text, isJson: found }).toEqual({ text, isJson: isJson(text) });
      }),
      { numRuns: 5_000 },
    );
  });

  test.each([
    ["", false],
    [" ", false],
    ["{}", true],
    [" [ ] ", true],
    ["[1,]", false],
    ["[,1]", false],
    ['{"a":1,}', false],
    ['{"a"}', false],
    ["{a:1}", false],
    ["{}{}", false],
    ["[]]", false],
    ["[}", false],
    ['{"a":[1,{"b":2}]}', true],
    ["-", false],
    ["-0.0e+10", true],
    ["+1", false],
    ["0x10", false],
    ["Infinity", false],
    ["nul", false],
    ["nulll", false],
    ['"\\ud83d"', true],
    ['"\\ud83"', false],
    ['"\\', false],
    ['"a\tb"', false],
  ])("%s: %s", (text, expected) => {
    expect(scanJson(bytes(text), MAX_DEPTH).kind !== "invalid").toBe(expected);
  });
});

test("the members of the outermost object are found with their keys and values, in their order", () => {
  const values = fc.jsonValue({ maxDepth: 4, stringUnit: "binary" });
  const objects = fc.dictionary(fc.string({ unit: "binary" }), values, { noNullPrototype: true });
  fc.assert(
    fc.property(objects, fc.constantFrom(0, 2), (object, space) => {
      const text = JSON.stringify(object, null, space);
      if (!text.isWellFormed()) return;
      const body = bytes(text);
      const scanned = scanJson(body, MAX_DEPTH);
      const members = scanned.kind === "object" ? scanned.members : [];
      const found = members.map(({ key, start, end }) => [
        key,
        JSON.parse(Buffer.from(body.subarray(start, end)).toString()) as unknown,
      ]);
      expect(found).toEqual(Object.entries(JSON.parse(text) as object));
    }),
  );
});

test("a key is read as it is meant, however it is written, and each time it stands there", () => {
  const body = bytes('{"a\\u0062":1,"ab" : 2 ,"\\"":[3]}');
  const scanned = scanJson(body, MAX_DEPTH);
  const members = scanned.kind === "object" ? scanned.members : [];
  expect(members.map(({ key }) => key)).toEqual(["ab", "ab", '"']);
  expect(textIn(bytes('"\\u00fc\\n"'), 0, 10)).toBe("ü\n");
});

test.each([
  ["[]", -1],
  ["[{},{}]", -1],
  ["[{},1]", 1],
  ['["a",{}]', 0],
  ["[[{}],{}]", 0],
  ['{"a":1}', -1],
])("the first element of %s that is no object is %i", (value, oddElement) => {
  const scanned = scanJson(bytes(`{"x":{"y":[1]},"t":${value},"z":[0]}`), MAX_DEPTH);
  const members = scanned.kind === "object" ? scanned.members : [];
  expect(members.find(({ key }) => key === "t")?.oddElement).toBe(oddElement);
});

test.each([
  ["[1]", "an array"],
  ['"a"', "a string"],
  [" 12 ", "a number"],
  ["true", "a boolean"],
  ["null", "null"],
])("%s is no object, and it is said what it is", (text, found) => {
  expect(scanJson(bytes(text), MAX_DEPTH)).toEqual({ kind: "other", found });
});

test("nesting is counted as levels that are open at once, and refused beyond the bound", () => {
  const nested = (depth: number): Uint8Array =>
    bytes(`{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`);
  expect(scanJson(nested(64), MAX_DEPTH).kind).toBe("object");
  expect(scanJson(nested(65), MAX_DEPTH)).toEqual({
    kind: "too_deep",
    message: "is nested deeper than 64 levels",
    at: 68,
  });
  expect(scanJson(bytes("[".repeat(1_000_000)), MAX_DEPTH).kind).toBe("too_deep");
});

test.each([
  ["0,"],
  ['"",'],
  ["{},"],
  ["[[[]]],"],
  ['{"a":1},'],
  [" "],
  ["\\\\", '{"x":"', '"}'],
  ["\\u0000", '{"x":"', '"}'],
  ['\\"', '{"x":"', '"}'],
  ['"k":0,', "{", '"k":0}'],
  ["9", '{"x":', "}"],
])(
  "a body of the largest size that is filled with %s takes time in proportion to its size",
  async (unit, open = '{"x":[', close = "0]}") => {
    const scanOf = (size: number) => {
      const body = bytes(open + unit.repeat((size - 20) / unit.length) + close);
      return () => expect(scanJson(body, MAX_DEPTH).kind).toBe("object");
    };
    const MIB = 1024 * 1024;
    expect(await cpuRatio(scanOf(MIB), scanOf(MIB / 8), 32)).toBeLessThan(32); // about 8, and 64 by the square
  },
);

test("a member's key keeps the U+FEFF that it begins with", () => {
  expect(scanJson(bytes('{"\uFEFFcall_id":1}'), MAX_DEPTH)).toMatchObject({
    members: [{ key: "\uFEFFcall_id" }],
  });
});
