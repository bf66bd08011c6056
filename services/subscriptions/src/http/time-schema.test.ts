import { describe, expect, test } from "vitest";
import { timeSchema } from "./field-schemas.ts";

describe("a time of RFC 3339", () => {
  test.each(["2026-01-31T12:00:00Z", "2026-01-31t12:00:00z", "2026-01-31T17:30:00+05:30"])(
    "%s is taken",
    (text) => {
      expect(Date.parse(timeSchema.parse(text))).toBe(Date.parse("2026-01-31T12:00:00Z"));
    },
  );

  test("whose plus has become a space is shown as it came, with how to write it", () => {
    const { error } = timeSchema.safeParse("2026-01-31T17:30:00 05:30");
    expect(error?.issues[0]?.message).toBe(
      'must be a time of RFC 3339 such as 2026-01-31T12:00:00Z, got "2026-01-31T17:30:00 05:30" (a + in a URL is written %2B)',
    );
  });

  test("that is none is not repeated where it may be a secret", () => {
    const { error } = timeSchema.safeParse("whsec_AAAA");
    expect(error?.issues[0]?.message).not.toContain("whsec");
  });
});
