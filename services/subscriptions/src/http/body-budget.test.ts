import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bodyBudget } from "./body-budget.ts";

const noEnd = () => undefined;

describe("the bytes of bodies that are read at once", () => {
  test("are counted as they come, and given back once", () => {
    const budget = bodyBudget(100);
    const body = budget.open("w1", noEnd);
    expect(budget.taken()).toBe(0);
    expect([body.take(30), body.take(20), body.take(1)]).toEqual([true, true, false]);
    expect(budget.taken()).toBe(50);
    body.release();
    body.release();
    expect(budget.taken()).toBe(0);
    expect(body.take(1)).toBe(false);
  });

  test("are at most half of all for one workspace", () => {
    const budget = bodyBudget(100);
    expect(budget.open("w1", noEnd).take(50)).toBe(true);
    expect(budget.open("w1", noEnd).take(1)).toBe(false);
    expect(budget.open("w2", noEnd).take(50)).toBe(true);
  });

  test("make room for a workspace that holds less: the oldest unfinished body of whoever holds most", () => {
    const budget = bodyBudget(100);
    const ended: string[] = [];
    const opened = (workspaceId: string, name: string, bytes: number) => {
      const body = budget.open(workspaceId, () => ended.push(name));
      expect(body.take(bytes)).toBe(true);
      return body;
    };
    opened("w1", "a", 25).complete();
    opened("w1", "b", 25);
    opened("w2", "c", 20);
    opened("w2", "d", 20);
    opened("w3", "e", 10);
    expect(ended).toEqual([]);
    opened("w4", "f", 20);
    expect(ended).toEqual(["b"]);
    expect(budget.taken()).toBe(95);
    // Whoever would hold as much as the others ends nobody.
    expect(budget.open("w4", noEnd).take(20)).toBe(false);
    expect(ended).toEqual(["b"]);
  });

  test("are never more than there is room for, and a workspace without any always finds room for one", () => {
    const step = fc.record({
      workspace: fc.integer({ min: 1, max: 6 }),
      bytes: fc.integer({ min: 1, max: 10 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const budget = bodyBudget(100);
        for (const { workspace, bytes } of steps) {
          budget.open(`w${workspace}`, noEnd).take(bytes);
          expect(budget.taken()).toBeLessThanOrEqual(100);
        }
        expect(budget.open("another", noEnd).take(10)).toBe(true);
      }),
    );
  });
});
