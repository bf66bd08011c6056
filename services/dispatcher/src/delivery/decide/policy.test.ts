import type { DeliveryPolicy } from "@ringback/contracts/agents/delivery-policy";
import { describe, expect, test } from "vitest";
import { effectivePolicy, type EffectivePolicy } from "./policy.ts";

const OPERATORS: EffectivePolicy = {
  timeoutMs: 250,
  retry: { delaysMs: [100, 200], jitter: 0.3 },
  isSuccess: (status) => status === 200,
  retryAfter: "honour",
};

test("a subscription without a policy goes by the operator's settings", () => {
  expect(effectivePolicy(undefined, OPERATORS)).toBe(OPERATORS);
  expect(effectivePolicy({}, OPERATORS)).toEqual(OPERATORS);
});

describe("what a subscription sets counts, and the operator's settings for the rest", () => {
  test.each<[DeliveryPolicy, Partial<EffectivePolicy>]>([
    [{ timeout: "10s" }, { timeoutMs: 10_000 }],
    [{ retry_delays: ["5s", "1h"] }, { retry: { delaysMs: [5_000, 3_600_000], jitter: 0.3 } }],
    [{ retry_delays: [] }, { retry: { delaysMs: [], jitter: 0.3 } }],
    [{ max_in_flight: 3 }, { maxInFlight: 3 }],
    [{ rate_limit: { per_second: 0.5, burst: 2 } }, { rateLimit: { perSecond: 0.5, burst: 2 } }],
    [{ retry_after: "ignore" }, { retryAfter: "ignore" }],
  ])("%j", (own, changed) => {
    expect(effectivePolicy(own, OPERATORS)).toEqual({ ...OPERATORS, ...changed });
  });

  test("the statuses that succeed", () => {
    const { isSuccess } = effectivePolicy({ success_status: "202,4xx" }, OPERATORS);
    expect([200, 202, 404, 500].map(isSuccess)).toEqual([false, true, true, false]);
  });
});

describe("a stored policy that would be refused today", () => {
  test.each<[DeliveryPolicy, Partial<EffectivePolicy>]>([
    [{ timeout: "5m" }, { timeoutMs: 30_000 }],
    [{ timeout: "1ms" }, { timeoutMs: 1_000 }],
    [{ timeout: "soon" }, {}],
    [{ retry_delays: ["0s", "48h"] }, { retry: { delaysMs: [1_000, 86_400_000], jitter: 0.3 } }],
    [{ retry_delays: ["5s", "later", "1h"] }, {}],
    [
      { retry_delays: Array.from({ length: 99 }, () => "1s") },
      { retry: { delaysMs: Array.from({ length: 10 }, () => 1_000), jitter: 0.3 } },
    ],
    [{ max_in_flight: 0 }, { maxInFlight: 1 }],
    [{ max_in_flight: 4_000.5 }, { maxInFlight: 1_024 }],
    [{ rate_limit: { per_second: -1, burst: 0 } }, { rateLimit: { perSecond: 0.01, burst: 1 } }],
    [
      { rate_limit: { per_second: 1e9, burst: 1e9 } },
      { rateLimit: { perSecond: 10_000, burst: 10_000 } },
    ],
  ])("%j is kept within bounds, or counts as not set", (own, changed) => {
    expect(effectivePolicy(own, OPERATORS)).toEqual({ ...OPERATORS, ...changed });
  });

  test("with statuses that nobody can read goes by the operator's", () => {
    expect(effectivePolicy({ success_status: "fine" }, OPERATORS).isSuccess).toBe(
      OPERATORS.isSuccess,
    );
  });
});
