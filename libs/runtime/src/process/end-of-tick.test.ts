import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { endOfTick } from "./end-of-tick.ts";

test("those who ask in one turn go on together, in their order", async () => {
  const order: string[] = [];
  const ask = async (name: string): Promise<void> => {
    await endOfTick();
    order.push(name);
    await Promise.resolve();
    order.push(`${name}, a moment later`);
  };
  const first = ask("first");
  await Promise.resolve(); // microtasks later it is still the same turn
  const second = ask("second");
  expect(endOfTick()).toBe(endOfTick());
  expect(order).toEqual([]);
  await Promise.all([first, second]);
  expect(order).toEqual(["first", "second", "first, a moment later", "second, a moment later"]);
});

test("who asks in the next turn waits for the end of that one", async () => {
  const before = endOfTick();
  await nextTurn();
  await before;
  expect(endOfTick()).not.toBe(before);
  await endOfTick();
});
