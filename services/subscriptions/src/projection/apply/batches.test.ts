import { setImmediate as nextTick } from "node:timers/promises";
import { expect, test } from "vitest";
import { batches } from "./batches.ts";

async function* arriving(groups: readonly (readonly number[])[], onEnd?: () => void) {
  try {
    for (const group of groups) {
      yield* group;
      // Two: the one that ends a batch, and one in which nothing is there.
      await nextTick();
      await nextTick();
    }
  } finally {
    onEnd?.();
  }
}

const collected = async (items: AsyncIterable<number>, max: number): Promise<number[][]> => {
  const found: number[][] = [];
  for await (const batch of batches(items, max)) found.push(batch);
  return found;
};

test("what is there together comes together, in its order, and what comes alone alone", async () => {
  expect(await collected(arriving([[1, 2, 3], [4], [5, 6]]), 10)).toEqual([[1, 2, 3], [4], [5, 6]]);
});

test("a batch has at most so many", async () => {
  expect(await collected(arriving([[1, 2, 3, 4, 5]]), 2)).toEqual([[1, 2], [3, 4], [5]]);
});

test("nothing comes of nothing", async () => {
  expect(await collected(arriving([]), 2)).toEqual([]);
});

test("whoever stops reading ends the source", async () => {
  let hasEnded = false;
  const source = arriving([[1], [2]], () => {
    hasEnded = true;
  });
  for await (const batch of batches(source, 2)) {
    expect(batch).toEqual([1]);
    break;
  }
  expect(hasEnded).toBe(true);
});

async function* broken() {
  yield 1;
  throw new Error("gone");
}

test("what the source throws comes through", async () => {
  await expect(collected(broken(), 2)).rejects.toThrow("gone");
});
