import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(resolve(ROOT, path), "utf8");
const text = ["docs/operations.md", "deploy/k8s/README.md"].map(read).join("\n");

const found = (pattern: RegExp): string[] => [
  ...new Set([...text.matchAll(pattern)].map(([, name = ""]) => name)),
];

test("each make target that the page names is there", () => {
  const targets = [...read("Makefile").matchAll(/^([a-z0-9-]+):/gm)].map(([, name]) => name);
  const named = found(/make (?:-s )?([a-z][a-z0-9-]*)(?=[ `\n])/g);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !targets.includes(name))).toEqual([]);
});

test("each file of this repository that the page names is there", () => {
  const named = found(/\b((?:deploy|docs|scripts|test)\/[\w./-]*[\w])/g);
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter((path) => !existsSync(resolve(ROOT, path)))).toEqual([]);
});

test("each link of the page leads to a file", () => {
  const links = [...read("docs/operations.md").matchAll(/\]\(([^)#]+)\)/g)].map(
    ([, to = ""]) => to,
  );
  expect(links.length).toBeGreaterThan(5);
  expect(links.filter((to) => !existsSync(resolve(ROOT, "docs", to)))).toEqual([]);
});

test("each metric that the page names is one that docs/monitoring.md explains", () => {
  const monitoring = read("docs/monitoring.md");
  const named = found(/(ringback_[a-z_]+)/g);
  expect(named.length).toBeGreaterThan(2);
  expect(named.filter((name) => !monitoring.includes(name))).toEqual([]);
});
