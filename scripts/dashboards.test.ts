import { expect, test } from "vitest";
import { parseRunbookBaseUrl, withRunbookBaseUrl } from "./dashboards.ts";

test("runbooks are moved to another place, in quotes and without", () => {
  const rules = [
    "runbook_url: https://old.example/a/RingbackX.md",
    'runbook_url: "https://old.example/a/RingbackY.md"',
    "summary: https://old.example/a/RingbackX.md",
  ].join("\n");
  expect(withRunbookBaseUrl(rules, "https://new.example/$&").split("\n")).toEqual([
    "runbook_url: https://new.example/$&/RingbackX.md",
    'runbook_url: "https://new.example/$&/RingbackY.md"',
    "summary: https://old.example/a/RingbackX.md",
  ]);
});

test("the place is a URL, without a slash at its end", () => {
  expect(parseRunbookBaseUrl("https://git.example.com/r/")).toBe("https://git.example.com/r");
});

test.each(["git.example.com/r", "ftp://git.example.com", 'https://x.example/"', "https://a b"])(
  "%s is refused, with what is expected",
  (wish) => {
    expect(() => parseRunbookBaseUrl(wish)).toThrow(
      `RUNBOOK_BASE_URL: '${wish}' is not a URL such as https://`,
    );
  },
);
