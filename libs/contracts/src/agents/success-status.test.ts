import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseSuccessStatus } from "./success-status.ts";

const accepted = (text: string): number[] => {
  const isSuccess = parseSuccessStatus(text);
  return Array.from({ length: 1_000 }, (_, n) => n).filter((status) => isSuccess?.(status));
};

describe("a rule for success", () => {
  test.each([
    ["200", [200]],
    ["200,202", [200, 202]],
    [" 200 , 204 ", [200, 204]],
    ["200,200", [200]],
  ])("'%s' accepts exactly what it names", (text, statuses) => {
    expect(accepted(text)).toEqual(statuses);
  });

  test("'2xx' accepts 200 to 299", () => {
    const all = accepted("2xx");
    expect([all.length, all[0], all.at(-1)]).toEqual([100, 200, 299]);
  });

  test("mixes ranges and single statuses", () => {
    expect(accepted("2xx,404")).toEqual([...accepted("2xx"), 404]);
  });

  test.each([
    "",
    ",",
    "200,",
    "20",
    "2000",
    "2XX",
    "2x",
    "600",
    "099",
    "6xx",
    "200;202",
    "all",
    "-200",
  ])("'%s' is none", (text) => expect(parseSuccessStatus(text)).toBeUndefined());

  test("accepts every status of a list, and no other", () => {
    const statuses = fc.uniqueArray(fc.integer({ min: 100, max: 599 }), { minLength: 1 });
    fc.assert(
      fc.property(statuses, (list) => {
        expect(accepted(list.join(","))).toEqual(list.toSorted((a, b) => a - b));
      }),
    );
  });
});
