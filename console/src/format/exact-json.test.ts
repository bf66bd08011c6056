import * as fc from "fast-check";
import { expect, test } from "vitest";
import { exactText, jsonFault, parseExact } from "./exact-json.ts";

test("numbers are written again as they stood there", () => {
  const text = '{"big":12345678901234567890,"list":[1.50,-0,1e400,9007199254740993,7]}';
  expect(JSON.stringify(parseExact(text))).toBe(text);
  expect(exactText(parseExact('{"n":9007199254740993}'))).toBe('{\n  "n": 9007199254740993\n}');
});

test("a number that is written as JavaScript writes it stays a number", () => {
  expect(parseExact('{"a":1,"b":[0.5,-3]}')).toEqual({ a: 1, b: [0.5, -3] });
});

test("what is no JSON is a SyntaxError", () => {
  for (const text of ["", "{", "{'a':1}", '{"a":1,}']) {
    expect(() => parseExact(text)).toThrow(SyntaxError);
    expect([text, jsonFault(text) === undefined]).toEqual([text, text === ""]);
  }
});

test("for every JSON value it says the same as JSON.parse", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      expect(JSON.stringify(parseExact(text))).toBe(text);
    }),
  );
});
