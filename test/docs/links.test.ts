import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { expect, test } from "vitest";
import { filesUnder, ROOT } from "./files-under.ts";

const pages = filesUnder(".").filter((path) => path.endsWith(".md"));
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const prose = (path: string): string => read(path).replaceAll(/^```[\s\S]*?^```$/gm, "");

/** The anchors of a page's headings, as the usual hosts of repositories make them. */
const anchorsOf = (path: string): ReadonlySet<string> =>
  new Set(
    [...prose(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );

const brokenIn = (page: string): string[] =>
  [...prose(page).matchAll(/\]\((?!https?:|mailto:)([^)\s]*)\)/g)]
    .map(([, to = ""]) => to)
    .filter((to) => {
      const [file = "", anchor] = to.split("#");
      const path = file === "" ? page : join(dirname(page), file);
      if (!existsSync(join(ROOT, path))) return true;
      return anchor !== undefined && path.endsWith(".md") && !anchorsOf(path).has(anchor);
    });

test("each link of each page leads to a file, and to a heading of it", () => {
  expect(pages.length).toBeGreaterThan(50);
  expect(pages.flatMap((page) => brokenIn(page).map((to) => `${page}: ${to}`))).toEqual([]);
});

const isPath = (text: string): boolean =>
  /^(?!\.)[\w.-]+(\/[\w.-]+)+\.(ts|json|yaml|md|sh)$/.test(text);

/** Folders that a path of a page may be relative to: the root, each package's sources, and what the text before it names. */
const basesOf = (text: string): string[] => [
  "",
  "libs/contracts/src",
  "libs/runtime/src",
  "services/dispatcher/src",
  "services/subscriptions/src",
  "deploy/monitoring",
  ...[...text.matchAll(/`((?:services|libs)\/[\w./-]+)`/g)].map(([, folder = ""]) => folder),
];

const names = new Set(filesUnder(".").map((path) => basename(path)));

const missingIn = (page: string): string[] => {
  const text = prose(page);
  const bases = [...basesOf(text), dirname(page)];
  const isThere = (path: string): boolean =>
    path.includes("/") ? bases.some((base) => isFile(join(ROOT, base, path))) : names.has(path);
  return [...text.matchAll(/`([^`\n]+)`/g)]
    .map(([, code = ""]) => code)
    .filter((code) => isPath(code) || /^[\w-]+(\.[\w-]+)*\.ts$/.test(code))
    .filter((path) => !isThere(path));
};

const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile();

// The list of changes tells of files as they were.
const CURRENT = pages.filter((page) => page !== "CHANGELOG.md");

test("each file that a page names is there", () => {
  expect(CURRENT.flatMap((page) => missingIn(page).map((path) => `${page}: ${path}`))).toEqual([]);
});

const PACKAGES = [
  "services/dispatcher",
  "services/subscriptions",
  "libs/contracts",
  "libs/runtime",
];

test.each(PACKAGES)("%s says of each of its folders what belongs there", (folder) => {
  const rooms = readdirSync(join(ROOT, folder, "src"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const told = [...read(`${folder}/README.md`).matchAll(/^- \*\*`(.+)\/`\*\*/gm)];
  expect(told.map(([, name = ""]) => name).toSorted()).toEqual(rooms.toSorted());
});
