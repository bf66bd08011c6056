import { expect, test } from "vitest";
import { orderText, policyText } from "./policy-text.ts";

test("a policy says what is set, and nothing else", () => {
  expect(policyText(undefined)).toBe("as the operator has set");
  expect(policyText({ timeout: "10s", retry_delays: [] })).toBe("time-out 10s; no retries");
  expect(
    policyText({
      retry_delays: ["10s", "5m"],
      max_in_flight: 4,
      rate_limit: { per_second: 5, burst: 10 },
      retry_after: "ignore",
    }),
  ).toBe("retries after 10s, 5m; 4 at once; 5 a second (burst 10); Retry-After is ignored");
});

test("an order says whether retries are waited for, and for how long", () => {
  expect(orderText(undefined)).toBe("events come as they can");
  expect(orderText({ by: "call", on_failure: "wait", max_wait: "10m" })).toContain(
    "retries are waited for, for 10m at most",
  );
  expect(orderText({ by: "call", on_failure: "skip", max_wait: "1h" })).toContain(
    "a retry is not waited for",
  );
});
