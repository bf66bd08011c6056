import { readFileSync } from "node:fs";
import { parseFilter } from "@ringback/contracts/filters/filter";
import { FILTER_LIMITS } from "@ringback/contracts/filters/filter-limits";
import { parseExact } from "@ringback/contracts/json/exact-json";
import { expect, test } from "vitest";

const PAGE = readFileSync(new URL("../../docs/api/filters.md", import.meta.url), "utf8");

/** Filters in the table of examples. */
const FILTERS = [...PAGE.matchAll(/^\| [^|]+\| `(\{.*\})` +\|$/gm)].map(([, json = ""]) => json);

test("the page has ten examples, and each is a filter", () => {
  expect(FILTERS).toHaveLength(10);
  for (const json of FILTERS)
    expect(parseFilter(parseExact(json))).toMatchObject({ kind: "filter" });
});

test("the page names the limits as they are", () => {
  const { maxBytes, maxConditions, maxDepth, maxMembers, maxSteps, maxContainedCharacters } =
    FILTER_LIMITS;
  for (const words of [
    `${maxBytes / 1024} KiB`,
    `${maxConditions} conditions`,
    `${maxDepth} levels`,
    `${maxMembers} members in a list`,
    `${maxSteps.toLocaleString("en-US")} steps`,
    `at most ${maxContainedCharacters} characters`,
  ]) {
    expect(PAGE).toContain(words);
  }
});
