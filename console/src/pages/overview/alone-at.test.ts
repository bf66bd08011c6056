import { expect, test } from "vitest";
import { aloneAt } from "./alone-at.ts";

test("a value is alone where none beside it is known", () => {
  expect(aloneAt([])).toEqual([]);
  expect(aloneAt([7])).toEqual([0]);
  expect(aloneAt([null, 3, null, 0, undefined, 1, 2, null, 4])).toEqual([1, 3, 8]);
});
