import { describe, expect, test } from "vitest";
import { durationListSchema, durationSchema } from "./duration.ts";

test.each(["", "10", "-1s", "1m30s", "367d"])("'%s' is refused with what is expected", (text) => {
  const message = `'${text}' is not a duration such as 500ms, 10s, 2m, 1h or 7d`;
  expect(durationSchema.safeParse(text).error?.issues).toMatchObject([{ message }]);
});

test("a duration is read as milliseconds", () => expect(durationSchema.parse("1.5s")).toBe(1_500));

describe("a list of durations", () => {
  test.each([
    ["10s,1m,2m", [10_000, 60_000, 120_000]],
    [" 1s , 2s ", [1_000, 2_000]],
    ["5s", [5_000]],
    ["none", []],
    [" none ", []],
  ])("'%s' is read", (text, list) => expect(durationListSchema.parse(text)).toEqual(list));

  test.each([
    ["5s,x", ["'x' in '5s,x'"]],
    ["5s,", ["'' in '5s,'"]],
    [",5s", ["'' in ',5s'"]],
    ["", ["'' in ''"]],
    ["none,5s", ["'none' in 'none,5s'"]],
    ["5s;6s", ["'5s;6s' in '5s;6s'"]],
    ["a,5s,b", ["'a' in 'a,5s,b'", "'b' in 'a,5s,b'"]],
  ])("'%s' is refused, and every wrong part is said", (text, parts) => {
    const messages = durationListSchema.safeParse(text).error?.issues.map(({ message }) => message);
    expect(messages).toEqual(parts.map((p) => `${p} is not a duration such as 5s, 2m or 1h`));
  });
});
