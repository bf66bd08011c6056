import { describe, expect, test } from "vitest";
import { z } from "zod";
import { cpuRatio } from "../../../../../test/harness/cpu-time.ts";
import { fieldErrors, readable } from "../validation.ts";

const POINT = z.strictObject({
  x: z.int().min(1).max(9),
  colour: z.enum(["red", "green", "blue"]),
});

/** All that is said of a value, by its path. */
const said = (schema: z.ZodType, value: unknown): Record<string, string> => {
  const { error } = readable(schema, value);
  const errors = (error?.issues ?? []).flatMap(fieldErrors);
  return Object.fromEntries(errors.map(({ path, message }) => [path, message]));
};

describe("what is said of a value that does not fit its schema", () => {
  test.each([
    [z.string(), 7, "expected a text, got a number (7)"],
    [z.string(), null, "expected a text, got null"],
    [z.string(), true, "expected a text, got true"],
    [z.number(), "7", 'expected a number, got "7"'],
    [z.int(), 1.5, "expected a whole number, got a number (1.5)"],
    [z.number(), Infinity, "expected a number, got a number that is too large"],
    [z.boolean(), "x".repeat(99), "expected true or false, got a text of 99 characters"],
    [z.array(z.string()), {}, "expected a list, got an object"],
    [z.object({}), [], "expected an object, got a list"],
    [z.string(), undefined, "is required"],
    [z.int({ error: "must be a whole number" }), undefined, "is required: must be a whole number"],
    [z.string().min(1), "", "must not be empty"],
    [z.string().max(3), "long", "must have at most 3 characters"],
    [z.array(z.int()).min(2), [1], "must have at least 2 elements"],
    [z.int().min(1), 0, "must be at least 1, got a number (0)"],
    [z.int().max(9), 10, "must be at most 9, got a number (10)"],
    [z.literal("POST"), "GET", 'must be POST, got "GET"'],
    [z.enum(["call", "text"]), "tex", 'must be one of text, call, got "tex"'],
    [z.enum(["call", "text"]), undefined, "is required: must be one of call, text"],
    [z.string().regex(/^a+$/, "must be a few a"), "b", 'must be a few a, got "b"'],
    [z.union([z.string(), z.int()]), [], "expected a text, or expected a number, got a list"],
  ])("%# is said of it", (schema, value, expected) => {
    expect(said(schema, value)).toEqual({ "": expected });
  });

  test("an unknown key is named with the known ones that it is most like", () => {
    const value = { x: 1, color: "red", colour: "red", size: 2 };
    expect(said(POINT, value)).toEqual({
      color: "is not known here: did you mean colour?",
      size: "is not known here: expected are x, colour",
    });
    expect(said(z.strictObject({}), { a: 1 })).toEqual({
      a: "is not known here: nothing is expected",
    });
  });

  test("a choice says the words that choose", () => {
    const shape = z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("circle") }),
      z.object({ kind: z.literal("square") }),
    ]);
    expect(said(shape, { kind: "sqare" })).toEqual({
      kind: 'must be one of square, circle, got "sqare"',
    });
    expect(said(shape, {})).toEqual({ kind: "is required: must be one of circle, square" });
  });

  test.each(["whsec_c2VjcmV0", "Bearer abc", "rb_k1_secret", "c".repeat(31)])(
    "a text that may be a secret is not repeated: %s",
    (secret) => {
      const { colour } = said(POINT, { x: 1, colour: secret });
      expect(colour).toMatch(/^must be one of .*, got a text of \d+ characters$/);
    },
  );

  test("of a field that holds secrets no value is repeated, nor how long a number is", () => {
    const request = z.object({
      headers: z.record(z.string(), z.string()),
      signing_secret: z.string(),
    });
    expect(said(request, { headers: "hunter2", signing_secret: 4711 })).toEqual({
      headers: "expected an object, got a text of 7 characters",
      signing_secret: "expected a text, got a number",
    });
    const headers = { "X-Pin": 4711, "X-On": true, "X-Many": ["hunter2"] };
    expect(said(request, { headers, signing_secret: "" })).toEqual({
      "headers.X-Pin": "expected a text, got a number",
      "headers.X-On": "expected a text, got true or false",
      "headers.X-Many": "expected a text, got a list",
    });
  });
});

/** Names what is wrong with so many unknown keys. */
const errorsOf = (count: number) => {
  const fields = Array.from({ length: count }, (_, n) => [`${n}${"k".repeat(50)}`, n]);
  const value = Object.fromEntries(fields) as unknown;
  return () => expect(readable(POINT, value).error?.issues.flatMap(fieldErrors)).toHaveLength(102);
};

test("many long unknown keys are named in time in proportion to their number at most", async () => {
  expect(await cpuRatio(errorsOf(4_000), errorsOf(400), 25)).toBeLessThan(25); // about 5
});
