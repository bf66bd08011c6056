import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openApiDocument } from "../../scripts/openapi/document.ts";
import { PROBLEM_CODES } from "../../services/subscriptions/src/http/problem.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/api/index.md"), "utf8");

const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .map((line) => line.split("|").map((cell) => cell.trim()));

test("the table of calls has every call of the service with its scope", async () => {
  const { paths } = await openApiDocument();
  const calls = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => {
      const { security } = operation as unknown as { security: [{ apiKey: [string] }] };
      return `\`${method.toUpperCase()} ${path}\` ${security[0].apiKey[0]}`;
    }),
  );
  const inPage = rows.map(([, call = "", scope = ""]) => `${call} ${scope}`);
  expect(calls.length).toBeGreaterThan(4);
  expect(calls.filter((call) => !inPage.includes(call))).toEqual([]);
});

test("the table of problems has every code, and no other", () => {
  const inPage = rows
    .filter(([, status = ""]) => /^\d{3}$/.test(status))
    .flatMap(([, , codes = ""]) => [...codes.matchAll(/`(\w+)`/g)].map(([, code = ""]) => code));
  expect(inPage.toSorted()).toEqual([...PROBLEM_CODES].toSorted());
});
