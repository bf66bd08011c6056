import { describe, expect, test } from "vitest";
import { z } from "zod";
import { momentSchema, severalOf } from "./field-schemas.ts";

const NOW = new Date("2026-02-01T12:00:00Z");

describe("a moment", () => {
  const moment = momentSchema(() => NOW);
  const messageOf = (text: string) => moment.safeParse(text).error?.issues[0]?.message;

  test.each([
    ["2026-01-31t12:00:00z", "2026-01-31T12:00:00Z"],
    ["2026-01-31T17:30:00+05:30", "2026-01-31T12:00:00Z"],
    ["2026-01-31", "2026-01-31T00:00:00Z"],
    ["2h", "2026-02-01T10:00:00Z"],
  ])("%s is taken", (text, expected) => {
    expect(moment.parse(text)).toBe(Date.parse(expected));
  });

  test("that is none is shown as it came, with what is expected", () => {
    const expected =
      "must be a time such as 2026-01-31T12:00:00Z, a day such as 2026-01-31, or how long ago, such as 2h, 90m or 7d";
    expect(messageOf("yesterday")).toBe(`${expected}, got "yesterday"`);
    expect(messageOf("2026-01-31T17:30:00 05:30")).toBe(
      `${expected}, got "2026-01-31T17:30:00 05:30" (a + in a URL is written %2B)`,
    );
  });

  test("is not repeated where it may be a secret", () => {
    expect(messageOf("whsec_AAAA")).not.toContain("whsec");
    expect(messageOf("x".repeat(10_000))).toContain("got a text of 10000 characters");
  });
});

describe("several values of a parameter", () => {
  const colours = severalOf(z.enum(["red", "green", "blue"]));

  test.each([
    ["red", ["red"]],
    ["red,blue", ["red", "blue"]],
    ["red, blue ,red", ["red", "blue"]],
    [
      ["red", "green,blue"],
      ["red", "green", "blue"],
    ],
  ])("%j are %j", (given, expected) => {
    expect(colours.parse(given)).toEqual(expected);
  });

  test("of which some are unknown are all said, the likest names first", () => {
    const { error } = colours.safeParse("red,bleu,gren");
    expect(error?.issues).toMatchObject([
      { path: [], message: 'must be one of blue, red, green, got "bleu"' },
      { path: [], message: 'must be one of green, red, blue, got "gren"' },
    ]);
  });

  test.each(["", "red,", ",", "x,".repeat(3_000)])("that are not there are refused: %j", (text) => {
    expect(colours.safeParse(text).success).toBe(false);
  });
});
