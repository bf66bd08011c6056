import { expect, test } from "vitest";
import { namedWorkspaces } from "./named-workspaces.ts";

const ids = (count: number): string[] => Array.from({ length: count }, (_, n) => `w${n}`);

test("up to 200 workspaces are all named", () => {
  expect([...namedWorkspaces(ids(200))]).toHaveLength(200);
});

test("of more, everybody names the same 200, in whatever order they became known", () => {
  const named = namedWorkspaces(ids(1_000));
  expect(named.size).toBe(200);
  expect([...namedWorkspaces(ids(1_000).toReversed())].toSorted()).toEqual([...named].toSorted());
});

test("a workspace that is added takes the place of one other at most", () => {
  const [before, after] = [namedWorkspaces(ids(1_000)), namedWorkspaces(ids(1_001))];
  const gone = [...before].filter((id) => !after.has(id));
  expect(gone.length).toBeLessThanOrEqual(1);
});

test("workspaces are chosen from the whole, not from a part of the ids", () => {
  const numbers = [...namedWorkspaces(ids(1_000))].map((id) => Number(id.slice(1)));
  const inLowerHalf = numbers.filter((n) => n < 500).length;
  expect(inLowerHalf).toBeGreaterThan(60);
  expect(inLowerHalf).toBeLessThan(140);
});
