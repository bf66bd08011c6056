import { expect, test } from "vitest";
import { afterInterval, messageIn, NO_OTHERS, othersAfter, type Others } from "./membership.ts";

const intervals = (others: Others, n: number): Others =>
  Array.from({ length: n }).reduce<Others>((before) => afterInterval(before), others);

test("another dispatcher counts from its first message on, and once", () => {
  const one = othersAfter(NO_OTHERS, "d1", "join");
  expect(othersAfter(othersAfter(one, "d1", "heartbeat"), "d2", "heartbeat").size).toBe(2);
  expect(NO_OTHERS.size).toBe(0);
});

test("one that leaves counts no more, also when it was not known", () => {
  const both = othersAfter(othersAfter(NO_OTHERS, "d1", "heartbeat"), "d2", "heartbeat");
  expect([...othersAfter(both, "d1", "leave").keys()]).toEqual(["d2"]);
  expect(othersAfter(NO_OTHERS, "d1", "leave").size).toBe(0);
});

test("one that misses two heartbeats still counts, after the third it is dead", () => {
  const one = othersAfter(NO_OTHERS, "d1", "heartbeat");
  expect([1, 2, 3].map((n) => intervals(one, n).size)).toEqual([1, 1, 0]);
});

test("a heartbeat after two missed ones makes up for both", () => {
  const back = othersAfter(
    intervals(othersAfter(NO_OTHERS, "d1", "heartbeat"), 2),
    "d1",
    "heartbeat",
  );
  expect([1, 2, 3].map((n) => intervals(back, n).size)).toEqual([1, 1, 0]);
});

test("an unknown text, as of a later version, is no message", () => {
  expect(["hello", "here", "gone", "HERE", "", "here we are"].map(messageIn)).toEqual([
    "join",
    "heartbeat",
    "leave",
    undefined,
    undefined,
    undefined,
  ]);
});
