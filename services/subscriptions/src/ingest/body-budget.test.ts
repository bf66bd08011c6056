import { expect, test } from "vitest";
import { bodyBudget } from "./body-budget.ts";

test("bodies are taken as long as there is room, and again when one is given back, once", () => {
  const budget = bodyBudget(10);
  const first = budget.take(6);
  expect(budget.take(5)).toBeUndefined();
  const second = budget.take(4);
  expect(budget.taken()).toBe(10);
  first?.();
  first?.();
  expect(budget.taken()).toBe(4);
  expect(budget.take(6)).toBeDefined();
  second?.();
  expect(budget.taken()).toBe(6);
});

test("one body alone is taken whatever its size, so that none waits for ever", () => {
  const budget = bodyBudget(10);
  const large = budget.take(11);
  expect(large).toBeDefined();
  expect(budget.take(1)).toBeUndefined();
  large?.();
  expect(budget.take(1)).toBeDefined();
});
