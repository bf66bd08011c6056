import { expect, test } from "vitest";
import { remembered } from "./remembered.ts";

const boxes = (most: number) =>
  remembered(
    most,
    () => ({ isIdle: true }),
    ({ isIdle }) => isIdle,
  );

test("what was asked for before is the same", () => {
  const known = boxes(10);
  expect(known.get("a")).toBe(known.get("a"));
  expect(known.get("a")).not.toBe(known.get("b"));
});

test("what is idle is forgotten, the oldest first, when more would be remembered than allowed", () => {
  const known = boxes(3);
  const [a, b] = [known.get("a"), known.get("b")];
  a.isIdle = false;
  for (const key of ["c", "d", "e"]) known.get(key);
  expect(known.size()).toBe(3);
  expect(known.get("a")).toBe(a);
  expect(known.get("b")).not.toBe(b);
});

test("what was asked for lately stays", () => {
  const known = boxes(3);
  const [a, b] = ["a", "b", "c"].map((key) => known.get(key));
  known.get("a");
  known.get("d");
  expect(known.get("a")).toBe(a);
  expect(known.get("b")).not.toBe(b);
});

test("what is in use is never forgotten, even beyond the maximum", () => {
  const known = boxes(2);
  const inUse = Array.from({ length: 40 }, (_, n) => known.get(String(n)));
  for (const box of inUse) box.isIdle = false;
  const more = Array.from({ length: 40 }, (_, n) => {
    const box = known.get(`more-${n}`);
    box.isIdle = false;
    return box;
  });
  expect(more.map((_, n) => known.get(`more-${n}`))).toEqual(more);
});
