import { expect, test } from "vitest";
import { z } from "zod";
import { parseExact } from "../json/exact-json.ts";
import { filterSchema } from "./filter-schema.ts";

const bodySchema = z.object({ filter: filterSchema });

const FILTER = '{"data":{"account":{"$in":[9007199254740993,1e400]},"é":0.1}}';

test("what is stored of a filter has every digit that was written", () => {
  const { filter } = bodySchema.parse(parseExact(`{"filter":${FILTER}}`));
  expect(filter.json).toBe(FILTER);
  expect(JSON.stringify(parseExact(filter.json))).toBe(FILTER);
});

test("a problem has its place in the body", () => {
  const { error } = bodySchema.safeParse({ filter: { data: { a: { $gte: null } } } });
  expect(error?.issues.map(({ path }) => path)).toEqual([["filter", "data", "a", "$gte"]]);
});

test("a filter that is not there is required", () => {
  const { error } = bodySchema.safeParse({});
  expect(error?.issues).toMatchObject([{ path: ["filter"], message: "is required" }]);
});
