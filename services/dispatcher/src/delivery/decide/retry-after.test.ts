import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EndpointResult } from "./outcome.ts";
import { retryAfterOf, retryAfterMs } from "./retry-after.ts";

const NOW_MS = Date.parse("2026-11-06T08:49:00Z");
const answer = (status: number, headers: Record<string, string>): EndpointResult => ({
  kind: "response",
  status,
  headers,
  bodyText: "",
  durationMs: 1,
});

test.each([
  ["0", 0],
  ["120", 120_000],
  [" 7 ", 7_000],
  ["007", 7_000],
  ["99999999999", 99_999_999_999_000],
  // The three forms of RFC 9110, for one moment.
  ["Fri, 06 Nov 2026 08:49:37 GMT", 37_000],
  ["Friday, 06-Nov-26 08:49:37 GMT", 37_000],
  ["Fri Nov  6 08:49:37 2026", 37_000],
  ["Fri, 06 Nov 2026 08:48:00 GMT", 0],
  ["Thu, 31 Dec 2026 23:59:60 GMT", Date.parse("2027-01-01T00:00:00Z") - NOW_MS],
  ["Tue, 29 Feb 2028 00:00:00 GMT", Date.parse("2028-02-29T00:00:00Z") - NOW_MS],
  // Two digits: not more than 50 years ahead.
  ["Sunday, 06-Nov-76 08:49:00 GMT", Date.parse("2076-11-06T08:49:00Z") - NOW_MS],
  ["Sunday, 06-Nov-77 08:49:00 GMT", 0],
  ["Sunday, 06-Nov-94 08:49:37 GMT", 0],
])("'%s' asks for %d ms", (text, waitMs) => expect(retryAfterMs(text, NOW_MS)).toBe(waitMs));

test.each([
  "",
  "soon",
  "-5",
  "+5",
  "1.5",
  "1e3",
  "0x10",
  "5s",
  "5, 10",
  "５",
  "2026-11-06T08:49:37Z",
  "Fri, 06 Nov 2026 08:49:37",
  "Fri, 06 Nov 2026 08:49:37 UTC",
  "Fri, 06 Nov 2026 08:49:37 +0000",
  "fri, 06 nov 2026 08:49:37 gmt",
  "Fri, 6 Nov 2026 08:49:37 GMT",
  "Fri, 06 Nov 26 08:49:37 GMT",
  "Fri, 00 Nov 2026 08:49:37 GMT",
  "Fri, 31 Nov 2026 08:49:37 GMT",
  "Sun, 29 Feb 2026 00:00:00 GMT",
  "Fri, 06 Nov 2026 24:00:00 GMT",
  "Fri, 06 Nov 2026 08:60:00 GMT",
  "Fri, 06 Nov 2026 08:49:61 GMT",
  "Fri, 06-Nov-26 08:49:37 GMT",
  "Xyz, 06 Nov 2026 08:49:37 GMT",
  "Fri, 06 Xyz 2026 08:49:37 GMT",
])("'%s' is ignored", (text) => expect(retryAfterMs(text, NOW_MS)).toBeUndefined());

test("every date up to 9999 that is written as HTTP says is read as that moment", () => {
  const seconds = fc.integer({ min: NOW_MS / 1_000, max: 253_402_300_799 });
  fc.assert(
    fc.property(seconds, (second) => {
      const text = new Date(second * 1_000).toUTCString();
      expect(retryAfterMs(text, NOW_MS)).toBe(second * 1_000 - NOW_MS);
    }),
  );
});

test("any text is a wait that is not negative, or none; nothing is thrown", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const waitMs = retryAfterMs(text, NOW_MS);
      expect(waitMs === undefined || waitMs >= 0).toBe(true);
    }),
  );
});

describe("who is asked", () => {
  test.each([
    [429, 7_000],
    [503, 7_000],
    [200, undefined],
    [301, undefined],
    [500, undefined],
    [504, undefined],
  ])("the Retry-After of a %d means %s", (status, waitMs) => {
    expect(retryAfterOf(answer(status, { "retry-after": "7" }), NOW_MS)).toBe(waitMs);
  });

  test("an answer without the header, and no answer at all, ask for nothing", () => {
    expect(retryAfterOf(answer(429, {}), NOW_MS)).toBeUndefined();
    const silence = { reason: "timeout", detail: "", unreachable: false, durationMs: 1 } as const;
    expect(retryAfterOf({ kind: "no_response", ...silence }, NOW_MS)).toBeUndefined();
  });
});
