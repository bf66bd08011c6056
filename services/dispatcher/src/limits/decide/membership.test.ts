import { expect, test } from "vitest";
import { afterTurn, heard, NOBODY, wordIn, type Others } from "./membership.ts";

const turns = (others: Others, n: number): Others =>
  Array.from({ length: n }).reduce<Others>((so_far) => afterTurn(so_far), others);

test("another dispatcher counts from its first word on, and once", () => {
  const one = heard(NOBODY, "d1", "hello");
  expect(heard(heard(one, "d1", "here"), "d2", "here").size).toBe(2);
  expect(NOBODY.size).toBe(0);
});

test("one that says that it goes counts no more, also when it was not known", () => {
  const both = heard(heard(NOBODY, "d1", "here"), "d2", "here");
  expect([...heard(both, "d1", "gone").keys()]).toEqual(["d2"]);
  expect(heard(NOBODY, "d1", "gone").size).toBe(0);
});

test("one that is silent for two turns is still there, after the third it is dead", () => {
  const one = heard(NOBODY, "d1", "here");
  expect([1, 2, 3].map((n) => turns(one, n).size)).toEqual([1, 1, 0]);
});

test("a word after two silent turns makes up for all of them", () => {
  const back = heard(turns(heard(NOBODY, "d1", "here"), 2), "d1", "here");
  expect([1, 2, 3].map((n) => turns(back, n).size)).toEqual([1, 1, 0]);
});

test("what a later version may say is no word", () => {
  expect(["hello", "here", "gone", "HERE", "", "here we are"].map(wordIn)).toEqual([
    "hello",
    "here",
    "gone",
    undefined,
    undefined,
    undefined,
  ]);
});
