import { describe, expect, test } from "vitest";
import { createWaitQueues } from "./wait-queues.ts";

/** Queues of texts whose first character is their key. */
const queuesOf = (...items: string[]) => {
  const queues = createWaitQueues<string>();
  for (const item of items) queues.enqueue(item.slice(0, 1), item);
  return queues;
};

/** Serves at most `max` items altogether, and returns them. */
const serving = (max: number) => {
  const served: string[] = [];
  const serve = (item: string): boolean => {
    if (served.length === max) return false;
    served.push(item);
    return true;
  };
  return { served, serve };
};

test("a queue holds its own items, oldest first", () => {
  const queues = queuesOf("a1", "b1", "a2");
  expect([queues.get("a"), queues.get("b"), queues.get("c")]).toEqual([["a1", "a2"], ["b1"], []]);
  expect(queues.size()).toBe(3);
});

describe("draining", () => {
  test.each([
    { what: "serves each queue from its head", max: 9, maxChecks: 9, served: "a1 a2 b1 c1" },
    { what: "ends with the first item that has to wait", max: 1, maxChecks: 9, served: "a1" },
    { what: "checks so many queues only", max: 9, maxChecks: 2, served: "a1 a2 b1" },
    { what: "checks each queue once", max: 3, maxChecks: undefined, served: "a1 a2 b1" },
  ])("$what", ({ max, maxChecks, served: expected }) => {
    const queues = queuesOf("a1", "a2", "b1", "c1");
    const { served, serve } = serving(max);
    queues.drain(serve, maxChecks);
    expect(served.join(" ")).toBe(expected);
    expect(queues.size()).toBe(4 - served.length);
  });

  test("is round-robin: a queue that was served goes behind the others", () => {
    const queues = queuesOf("a1", "a2", "b1", "c1");
    const all: string[] = [];
    for (let n = 0; n < 4; n += 1) {
      const { served, serve } = serving(1);
      queues.drain(serve, 1);
      all.push(...served);
    }
    expect(all).toEqual(["a1", "b1", "c1", "a2"]);
  });

  test("goes round with more checks than queues, so that the next drain begins at another", () => {
    const queues = queuesOf("a1", "b1", "c1");
    queues.drain(() => false, 4);
    const { served, serve } = serving(1);
    queues.drain(serve, 1);
    expect(served).toEqual(["b1"]);
  });
});

test("trimming drops from the tails, and says how many items are before each", () => {
  const queues = queuesOf("a1", "a2", "a3", "b1");
  const seen: string[] = [];
  queues.trim((item, ahead) => {
    seen.push(`${item} after ${ahead}`);
    return item !== "a2";
  });
  expect(seen).toEqual(["a3 after 2", "a2 after 1", "b1 after 0"]);
  expect([queues.get("a"), queues.get("b"), queues.size()]).toEqual([["a1", "a2"], [], 2]);
});

test("clearing returns all items, and leaves none", () => {
  const queues = queuesOf("a1", "b1", "a2");
  expect(queues.clear()).toEqual(["a1", "a2", "b1"]);
  expect([queues.get("a"), queues.size()]).toEqual([[], 0]);
});
