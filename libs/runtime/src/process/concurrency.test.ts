import { expect, test } from "vitest";
import { concurrencyLimit, mapConcurrently } from "./concurrency.ts";

test("so many run at once, the others in the order in which they came, whatever becomes of those before", async () => {
  const limited = concurrencyLimit(2);
  const begun: number[] = [];
  const open: PromiseWithResolvers<number>[] = [];
  const results = [0, 1, 2, 3, 4].map((n) =>
    limited(() => {
      begun.push(n);
      const work = Promise.withResolvers<number>();
      open[n] = work;
      return work.promise;
    }),
  );
  expect(begun).toEqual([0, 1]);
  open[1]?.resolve(1);
  await results[1];
  await Promise.resolve();
  expect(begun).toEqual([0, 1, 2]);
  open[0]?.reject(new Error("no"));
  await expect(results[0]).rejects.toThrow("no");
  open[2]?.resolve(2);
  await results[2];
  await Promise.resolve();
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  open[3]?.resolve(3);
  open[4]?.resolve(4);
  expect(await Promise.all(results.slice(1))).toEqual([1, 2, 3, 4]);
});

test("work that throws at once gives its place to the next one", async () => {
  const limited = concurrencyLimit(1);
  const first = limited(() => {
    throw new Error("at once");
  });
  const second = limited(async () => "done");
  await expect(first).rejects.toThrow("at once");
  expect(await second).toBe("done");
  expect(await limited(async () => "again")).toBe("again");
});

test("each item is worked on, so many at once, and the results are in the items' order", async () => {
  let running = 0;
  let maxRunning = 0;
  const results = await mapConcurrently([5, 1, 4, 2, 3], 2, async (item) => {
    running += 1;
    maxRunning = Math.max(maxRunning, running);
    for (let n = 0; n < item * 10; n += 1) await Promise.resolve();
    running -= 1;
    return item * 10;
  });
  expect(results).toEqual([50, 10, 40, 20, 30]);
  expect(maxRunning).toBe(2);
  expect(await mapConcurrently([], 2, () => Promise.reject(new Error()))).toEqual([]);
});

test("after a failure no more items are taken, of a source that waits for its readers too", async () => {
  let taken = 0;
  async function* source() {
    for (; taken < 100; taken += 1) yield taken;
  }
  const work = mapConcurrently(source(), 3, async (item) => {
    await Promise.resolve();
    if (item === 4) throw new Error("the fifth");
  });
  await expect(work).rejects.toThrow("the fifth");
  const takenThen = taken;
  expect(takenThen).toBeLessThan(12);
  await new Promise(setImmediate);
  expect(taken).toBe(takenThen);
});
