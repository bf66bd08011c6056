import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseAst } from "rolldown/parseAst";
import { expect, test } from "vitest";
import { filesUnder, ROOT } from "./files-under.ts";

const PRODUCT = ["libs/contracts/src", "libs/runtime/src", "services", "cli/src"];

const glossary = readFileSync(join(ROOT, "docs/glossary.md"), "utf8");
const table = glossary.slice(glossary.indexOf("## Retired words"));
const retired = [...table.matchAll(/^\| ([a-z][a-z ]*?) +\|/gm)].map(([, word = ""]) => word);

const files = PRODUCT.flatMap(filesUnder).filter((path) => /(?<!\.test)\.ts$/.test(path));

/** The words of a name, with a space on both sides: `giveBack` is " give back ". */
const wordsOf = (name: string): string =>
  ` ${name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== "")
    .join(" ")
    .toLowerCase()} `;

const isWireName = (name: string): boolean => /^[a-z0-9]+(_[a-z0-9]+)+$/.test(name);

/** Every identifier of a program: names, members, parameters, types; no text. */
const identifiersOf = (code: string): ReadonlySet<string> => {
  const found = new Set<string>();
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (typeof node !== "object" || node === null) return;
    const { type, name } = node as { type?: unknown; name?: unknown };
    if (type === "Identifier" && typeof name === "string") found.add(name);
    Object.values(node).forEach(visit);
  };
  visit(parseAst(code, { lang: "ts" }));
  return found;
};

/** The words of a name without those of a dead letter, whose `letter` alone is retired. */
const retiredIn = (name: string): string[] => {
  const words = wordsOf(name).replaceAll(/ dead letters?(?= )/g, "");
  return isWireName(name) ? [] : retired.filter((word) => words.includes(` ${word} `));
};

test("the words of a name are found, and names on the wire are left alone", () => {
  expect(wordsOf("giveBackMs")).toBe(" give back ms ");
  expect(wordsOf("DEAD_LETTERS")).toBe(" dead letters ");
  expect([isWireName("held_back"), isWireName("heldBack")]).toEqual([true, false]);
  expect(identifiersOf("const one = ({ two }: Three) => four.five(`six`);")).toEqual(
    new Set(["one", "two", "Three", "four", "five"]),
  );
});

test("no identifier and no file of the product is named with a word that the glossary retired", () => {
  expect([retired.length > 15, files.length > 200]).toEqual([true, true]);
  const found = files.flatMap((path) =>
    [basename(path, ".ts"), ...identifiersOf(readFileSync(join(ROOT, path), "utf8"))].flatMap(
      (name) => retiredIn(name).map((word) => `${path}: ${name} (${word})`),
    ),
  );
  expect(found).toEqual([]);
});
