import { expect, test } from "vitest";
import { entityTag, entityTagsIn } from "./entity-tag.ts";

const strong = (opaque: string) => ({ opaque, isWeak: false });
const weak = (opaque: string) => ({ opaque, isWeak: true });

test.each([
  ['"1"', [strong("1")]],
  ['W/"1"', [weak("1")]],
  ['""', [strong("")]],
  ['"1", "2",W/"3"', [strong("1"), strong("2"), weak("3")]],
  ['"a,b" , "c"', [strong("a,b"), strong("c")]],
  [', "1",, \t"2" ,', [strong("1"), strong("2")]],
  ['"*"', [strong("*")]],
])("%s is a list of tags", (value, tags) => {
  expect(entityTagsIn(value)).toEqual({ kind: "tags", tags });
});

test.each(["*", " * "])("'%s' is any", (value) => {
  expect(entityTagsIn(value)).toEqual({ kind: "any" });
});

test.each([
  "",
  " ",
  ",",
  "1",
  '"1',
  '1"',
  '"1" "2"',
  'w/"1"',
  'W/ "1"',
  '*, "1"',
  '"1", *',
  '"a b"',
  "'1'",
])("'%s' is neither", (value) => {
  expect(entityTagsIn(value)).toEqual({ kind: "invalid" });
});

test("a version's tag is read as itself", () => {
  expect(entityTagsIn(entityTag(17))).toEqual({ kind: "tags", tags: [strong("17")] });
});

test("a long list of nothing is read at once", () => {
  expect(entityTagsIn(`"1"${" ".repeat(15_000)}x`)).toEqual({ kind: "invalid" });
  expect(entityTagsIn(`${'"1",'.repeat(4_000)}x`)).toEqual({ kind: "invalid" });
});
