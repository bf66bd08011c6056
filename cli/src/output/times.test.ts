import { expect, test } from "vitest";
import { timeForPeople } from "./times.ts";

const NOW_MS = Date.parse("2026-11-28T12:00:00Z");

test("times of this year have no year, and those of another one no seconds", () => {
  const time = timeForPeople(true, NOW_MS);
  expect(time("2026-11-26T14:03:11.482Z")).toBe("Nov 26 14:03:11");
  expect(time("2025-02-03T04:05:06Z")).toBe("2025-02-03 04:05");
});

test("without --utc they are of this machine's time zone", () => {
  const at = new Date(2026, 0, 2, 3, 4, 5);
  expect(timeForPeople(false, at.getTime())(at.toISOString())).toBe("Jan 02 03:04:05");
});

test("what is no time stays as it is", () => {
  expect(timeForPeople(true, NOW_MS)("soon")).toBe("soon");
});
