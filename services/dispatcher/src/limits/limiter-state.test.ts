import { expect, test } from "vitest";
import { lruOf } from "./limiter-state.ts";

const boxes = (max: number) =>
  lruOf(
    max,
    () => ({ isIdle: true }),
    ({ isIdle }) => isIdle,
  );

test("what was asked for before is the same", () => {
  const known = boxes(10);
  expect(known("a")).toBe(known("a"));
  expect(known("a")).not.toBe(known("b"));
});

test("what is idle is forgotten, the oldest first, when more would be remembered than allowed", () => {
  const known = boxes(3);
  const [a, b] = [known("a"), known("b")];
  a.isIdle = false;
  for (const key of ["c", "d", "e"]) known(key);
  expect(known("a")).toBe(a);
  expect(known("b")).not.toBe(b);
});

test("what was asked for lately stays", () => {
  const known = boxes(3);
  const [a, b] = ["a", "b", "c"].map((key) => known(key));
  known("a");
  known("d");
  expect(known("a")).toBe(a);
  expect(known("b")).not.toBe(b);
});

test("what is in use is never forgotten, even beyond the maximum", () => {
  const known = boxes(2);
  const inUse = Array.from({ length: 40 }, (_, n) => known(String(n)));
  for (const box of inUse) box.isIdle = false;
  const more = Array.from({ length: 40 }, (_, n) => {
    const box = known(`more-${n}`);
    box.isIdle = false;
    return box;
  });
  expect(more.map((_, n) => known(`more-${n}`))).toEqual(more);
});
