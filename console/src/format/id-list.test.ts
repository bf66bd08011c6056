import { expect, test } from "vitest";
import { idsIn } from "./id-list.ts";

test("ids are separated by commas, spaces and lines", () => {
  expect(idsIn(" a, b\nc  d,")).toEqual(["a", "b", "c", "d"]);
  expect(idsIn(" , ")).toBeUndefined();
});
