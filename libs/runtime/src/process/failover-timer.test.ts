import { expect, test } from "vitest";
import { failoverTimer } from "./failover-timer.ts";

test("a server that is no help is left after 6 s, the next ones later each time, up to a minute", () => {
  const isToLeave = failoverTimer();
  const seconds = Array.from({ length: 300 }, (_, n) => n);
  const left = seconds.filter((n) => isToLeave(false, n * 1_000));
  expect(left).toEqual([6, 18, 42, 90, 150, 210, 270]);
  expect(isToLeave(true, 300_000)).toBe(false);
  expect(isToLeave(false, 301_000)).toBe(false);
  expect(isToLeave(false, 306_999)).toBe(false);
  expect(isToLeave(false, 307_000)).toBe(true);
});
