import { expect, test } from "vitest";
import { momentIn } from "./moment.ts";

const NOW_MS = Date.parse("2026-03-01T12:00:00Z");

test.each([
  ["90m", "2026-03-01T10:30:00.000Z"],
  ["7d", "2026-02-22T12:00:00.000Z"],
  ["2026-03-01T09:00:00Z", "2026-03-01T09:00:00.000Z"],
  ["2026-03-01T09:00:00+05:30", "2026-03-01T03:30:00.000Z"],
  ["2026-03-01", "2026-03-01T00:00:00.000Z"],
])("%s is %s", (text, moment) => {
  expect(momentIn("--since", text, NOW_MS)).toBe(moment);
});

test.each(["", "yesterday", "90", "2026-03-01T09:00:00", "2026-13-01", "March 1"])(
  "'%s' is no moment",
  (text) => {
    expect(() => momentIn("--since", text, NOW_MS)).toThrow(`--since is '${text}': expected`);
  },
);
