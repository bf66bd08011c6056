import { expect, test } from "vitest";
import { atMostAtOnce } from "./concurrency.ts";

test("so many run at once, the others in the order in which they came, whatever becomes of those before", async () => {
  const limited = atMostAtOnce(2);
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
  const limited = atMostAtOnce(1);
  const first = limited(() => {
    throw new Error("at once");
  });
  const second = limited(async () => "done");
  await expect(first).rejects.toThrow("at once");
  expect(await second).toBe("done");
  expect(await limited(async () => "again")).toBe("again");
});
