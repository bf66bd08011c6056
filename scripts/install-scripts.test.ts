import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

type Lockfile = {
  readonly packages: Readonly<
    Record<
      string,
      {
        readonly hasInstallScript?: boolean;
        readonly integrity?: string;
        readonly link?: boolean;
      }
    >
  >;
};

const ROOT = join(import.meta.dirname, "..");
const json = (name: string): unknown => JSON.parse(readFileSync(join(ROOT, name), "utf8"));
const { packages } = json("package-lock.json") as Lockfile;
const { allowScripts } = json("package.json") as { allowScripts: Record<string, boolean> };

const nameOf = (path: string): string => path.slice(path.lastIndexOf("node_modules/") + 13);

test("every package that would run a script when it is installed is named, allowed or denied", () => {
  const withScript = Object.entries(packages)
    .filter(([, { hasInstallScript }]) => hasInstallScript === true)
    .map(([path]) => nameOf(path));
  expect(Object.keys(allowScripts).toSorted()).toEqual([...new Set(withScript)].toSorted());
});

test("only Node.js itself is allowed to", () => {
  const allowed = Object.entries(allowScripts).filter(([, isAllowed]) => isAllowed);
  expect(allowed).toEqual([["node", true]]);
});

test("every package in the lockfile is pinned by its digest", () => {
  // Those of this repository are links to its own folders.
  const open = Object.entries(packages).filter(
    ([path, { integrity, link }]) =>
      path.includes("node_modules/") && integrity === undefined && link !== true,
  );
  expect(open.map(([path]) => path)).toEqual([]);
});
