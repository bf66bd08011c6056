import { expect, test } from "vitest";
import { arrivalLog, arrivedTogether, latenciesMs } from "./arrivals.ts";

const arrival = (n: number, agent = 0, isAccepted = true) => ({
  n,
  agent,
  sentUs: 1_000 * n,
  arrivedUs: 1_000 * n + 2_500,
  arrivedWallMs: 5,
  isAccepted,
});

test("arrivals are kept until they are taken, however many", () => {
  const log = arrivalLog();
  for (let n = 0; n < 10_000; n += 1) log.add(arrival(n));
  const { n: numbers } = log.take();
  expect(numbers).toEqual(Float64Array.from({ length: 10_000 }, (_, n) => n));
  expect(log.take().n.length).toBe(0);
});

test("latencies are those of the events that are asked for", () => {
  const log = arrivalLog();
  for (const n of [1, 2, 3]) log.add(arrival(n, n));
  expect(latenciesMs(log.take(), ({ agent }) => agent > 1)).toEqual([2.5, 2.5]);
});

test("rows of several receivers come together in one", () => {
  const [one, other] = [arrivalLog(), arrivalLog()];
  one.add(arrival(1));
  other.add(arrival(2, 0, false));
  const { n, isAccepted } = arrivedTogether([one.take(), other.take()]);
  expect([[...n], [...isAccepted]]).toEqual([
    [1, 2],
    [1, 0],
  ]);
});
