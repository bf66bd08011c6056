import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./files-under.ts";

const FOLDER = join(ROOT, "docs/adr");

const pages = readdirSync(FOLDER)
  .filter((name) => /^\d{4}-.*\.md$/.test(name))
  .map((name) => ({ name, text: readFileSync(join(FOLDER, name), "utf8") }));

test.each(pages)("$name says its status, and where its code is", ({ text }) => {
  expect(text).toMatch(/^Status: (accepted|superseded by \[ADR \d+\]\(\S+\))$/m);
  const [, seeAlso = ""] = /^See also: (.*(?:\n.+)*)$/m.exec(text) ?? [];
  const folders = [...seeAlso.matchAll(/`([^`]+)`/g)].map(([, folder = ""]) => folder);
  expect(folders.length).toBeGreaterThan(0);
  expect(folders.filter((folder) => !existsSync(join(ROOT, folder)))).toEqual([]);
});

test("each decision is on one screen", () => {
  const long = pages.filter(({ text }) => text.split("\n").length > 62);
  expect(pages.length).toBeGreaterThan(20);
  expect(long.map(({ name }) => name)).toEqual([]);
});

test("the list of decisions has each with its title", () => {
  const list = readFileSync(join(FOLDER, "README.md"), "utf8");
  const lines = pages.map(({ name, text }) => {
    const [, number = "", title = ""] = /^# (\d+)\. (.*)$/m.exec(text) ?? [];
    return `${number}. [${title}](${name})`;
  });
  expect(lines.filter((line) => !list.includes(line))).toEqual([]);
});
