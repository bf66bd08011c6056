import { expect, test } from "vitest";
import { isPortIn, portRangeOf, portsText } from "./ports.ts";

test.each([
  ["443", { first: 443, last: 443 }],
  ["1-65535", { first: 1, last: 65_535 }],
  ["9000-9000", { first: 9_000, last: 9_000 }],
])("%s is a range of ports", (text, range) => {
  expect(portRangeOf(text)).toEqual(range);
});

test.each(["", "0", "65536", "100000", "-1", "443-", "-443", "9100-9000", "1-2-3", "https", "4 4"])(
  "'%s' is none",
  (text) => {
    expect(portRangeOf(text)).toBeUndefined();
  },
);

test("both ends of a range belong to it, and their neighbours do not", () => {
  const ranges = [
    { first: 443, last: 443 },
    { first: 9_000, last: 9_002 },
  ];
  const inside = [442, 443, 444, 8_999, 9_000, 9_001, 9_002, 9_003].filter((port) =>
    isPortIn(port, ranges),
  );
  expect(inside).toEqual([443, 9_000, 9_001, 9_002]);
  expect(isPortIn(443, [])).toBe(false);
  expect(portsText(ranges)).toBe("443, 9000-9002");
});
