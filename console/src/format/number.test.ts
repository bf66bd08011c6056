import { expect, test } from "vitest";
import { bytesText, countText, percentText, shortCountText } from "./number.ts";

test("what is not known is a dash, and not 0", () => {
  const unknown = [null, undefined].flatMap((one) => [
    countText(one),
    shortCountText(one),
    percentText(one),
    bytesText(one),
  ]);
  expect(new Set(unknown)).toEqual(new Set(["–"]));
  expect([countText(0), percentText(0), bytesText(0)]).toEqual(["0", "0 %", "0 B"]);
});

test.each([
  [1, "100 %"],
  [0.999_95, "> 99.99 %"],
  [0.9998, "99.98 %"],
  [0.5, "50 %"],
  [0.000_01, "< 0.01 %"],
])("a share of %d is %s", (share, text) => {
  expect(percentText(share)).toBe(text);
});

test.each([
  [1_023, "1023 B"],
  [1_536, "1.5 KiB"],
  [20 * 2 ** 30, "20 GiB"],
  [3 * 2 ** 60, "3072 PiB"],
])("%d bytes are %s", (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});
