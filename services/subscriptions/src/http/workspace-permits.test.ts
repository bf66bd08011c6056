import { expect, test } from "vitest";
import { workspacePermits } from "./workspace-permits.ts";

/** How many permits a workspace gets that asks until there is none. */
const greedy = (take: ReturnType<typeof workspacePermits>, workspaceId: string): number => {
  let n = 0;
  while (take(workspaceId) !== undefined) n += 1;
  return n;
};

test("a workspace has its permits, and all together have theirs", () => {
  const take = workspacePermits({ inAll: 3, perWorkspace: 2 });
  const first = take("w1");
  expect([take("w1"), take("w1")].map((permit) => permit !== undefined)).toEqual([true, false]);
  expect(take("w2")).toBeDefined();
  expect(take("w3")).toBeUndefined();
  first?.();
  first?.();
  expect(take("w3")).toBeDefined();
  expect(take("w1")).toBeUndefined();
});

test("a workspace that is alone has all that are its own", () => {
  expect(greedy(workspacePermits({ inAll: 100, perWorkspace: 10 }), "w1")).toBe(10);
});

test("twenty workspaces that take what they get leave permits for a dozen others", () => {
  const take = workspacePermits({ inAll: 200, perWorkspace: 10 });
  const first = Array.from({ length: 20 }, (_, n) => greedy(take, `first-${n}`));
  expect(Math.max(...first)).toBe(10);
  const later = Array.from({ length: 12 }, (_, n) => greedy(take, `later-${n}`));
  expect(Math.min(...later)).toBeGreaterThan(0);
});
