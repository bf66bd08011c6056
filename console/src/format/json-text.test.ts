import * as fc from "fast-check";
import { expect, test } from "vitest";
import { indentedJson } from "./json-text.ts";

test("numbers, escapes and the order of keys stay as they are written", () => {
  const text = '{"b":12345678901234567890,"a":[1.50,1e400,"\\u0041\\"x,{"],"e":{},"f":[]}';
  expect(indentedJson(text)).toBe(
    `{
  "b": 12345678901234567890,
  "a": [
    1.50,
    1e400,
    "\\u0041\\"x,{"
  ],
  "e": {},
  "f": []
}`,
  );
});

test("what is no JSON is given back as it is", () => {
  for (const text of ["", "{", "hello", '{"a":}', "<b>x</b>"])
    expect(indentedJson(text)).toBe(text);
});

test("for every JSON value the indented text is what JSON.stringify indents", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const value: unknown = JSON.parse(text);
      expect(indentedJson(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2));
    }),
  );
});
