import * as fc from "fast-check";
import { expect, test } from "vitest";
import { prettyJson } from "./pretty-json.ts";

test("numbers, escapes and the order of keys stay as they are written", () => {
  expect(prettyJson('{"b":9007199254740993,"a":["\\u00e9 {", 1e2],"c":{},"d":[]}')).toBe(
    [
      "{",
      '  "b": 9007199254740993,',
      '  "a": [',
      '    "\\u00e9 {",',
      "    1e2",
      "  ],",
      '  "c": {},',
      '  "d": []',
      "}",
    ].join("\n"),
  );
});

test("every JSON text keeps its value, laid out as JSON.stringify does", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const pretty = JSON.stringify(JSON.parse(text), null, 2);
      fc.pre(
        !/[\p{C}]/u.test(pretty.replaceAll("\n", "")) && JSON.stringify(JSON.parse(text)) === text,
      );
      expect(prettyJson(text)).toBe(pretty);
    }),
  );
});

test("what is no JSON stays as it is, without what moves the cursor", () => {
  expect(prettyJson("<html>\n\u001B[2J")).toBe("<html>\n\uFFFD[2J");
});
