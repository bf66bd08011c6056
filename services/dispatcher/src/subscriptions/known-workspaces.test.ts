import { expect, test } from "vitest";
import { knownWorkspaces } from "./known-workspaces.ts";

test("a workspace is known for as long as it has something", () => {
  const known = knownWorkspaces();
  known.count("w1", 1);
  known.count("w1", 1);
  known.count("w2", 1);
  known.count("w1", -1);
  known.count("w2", -1);
  expect([...known.ids()]).toEqual(["w1"]);
});

test("only a workspace that comes or goes is a change", () => {
  const known = knownWorkspaces();
  known.count("w1", 1);
  const before = known.changes();
  known.count("w1", 1);
  known.count("w1", 0);
  expect(known.changes()).toBe(before);
  known.count("w1", -2);
  expect(known.changes()).toBe(before + 1);
});
