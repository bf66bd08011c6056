import { expect, test } from "vitest";
import { parseMomentMs } from "./moment.ts";

const NOW_MS = Date.parse("2026-03-01T12:00:00Z");

test.each([
  ["90m", "2026-03-01T10:30:00Z"],
  ["7d", "2026-02-22T12:00:00Z"],
  ["0s", "2026-03-01T12:00:00Z"],
  ["2026-02-28", "2026-02-28T00:00:00Z"],
  ["2026-02-28T09:30:00Z", "2026-02-28T09:30:00Z"],
  ["2026-02-28t09:30:00.5z", "2026-02-28T09:30:00.500Z"],
  ["2026-02-28T09:30:00+05:30", "2026-02-28T04:00:00Z"],
])("%s is %s", (text, expected) => {
  expect(parseMomentMs(text, NOW_MS)).toBe(Date.parse(expected));
});

test.each([
  "",
  "yesterday",
  "90",
  "-2h",
  "2026",
  "2026-02-30",
  "2026-2-1",
  "2026-02-28T09:30:00", // whose time zone it is, nobody says
  "2026-02-28T25:00:00Z",
  "March 1, 2026",
])("%s names no moment", (text) => {
  expect(parseMomentMs(text, NOW_MS)).toBeUndefined();
});
