import { expect, test } from "vitest";
import { places } from "./places.ts";

test("a workspace has its places, and all together have theirs", () => {
  const take = places({ inAll: 3, perWorkspace: 2 });
  const first = take("w1");
  expect([take("w1"), take("w1")].map((place) => place !== undefined)).toEqual([true, false]);
  expect(take("w2")).toBeDefined();
  expect(take("w3")).toBeUndefined();
  first?.();
  expect(take("w3")).toBeDefined();
  expect(take("w1")).toBeUndefined();
});
