import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  deliveryPolicySchema,
  policyToStore,
  samePolicy,
  storedPolicySchema,
  type DeliveryPolicy,
} from "./delivery-policy.ts";

const FULL: Required<DeliveryPolicy> = {
  timeout: "10s",
  retry_delays: ["10s", "1m", "24h"],
  success_status: "200,202",
  max_in_flight: 4,
  rate_limit: { per_second: 0.5, burst: 10 },
  retry_after: "ignore",
};

/** Every problem with a policy, as `path: message`. */
const problemsOf = (policy: unknown): string[] =>
  (deliveryPolicySchema.safeParse(policy).error?.issues ?? []).map(
    ({ path, message }) => `${path.join(".")}: ${message}`,
  );

const TIMEOUT = "timeout: must be a duration from 1s to 30s, such as 10s";
const DELAY = "must be a duration from 1s to 24h, such as 10s, 5m or 1h";
const STATUSES = "success_status: must be statuses such as 200, 200,202 or 2xx";
const AT_ONCE = "max_in_flight: must be a whole number from 1 to 1024";
const PER_SECOND = "rate_limit.per_second: must be a number from 0.01 to 10000";
const BURST = "rate_limit.burst: must be a whole number from 1 to 10000";

describe("a policy", () => {
  test.each<DeliveryPolicy>([
    {},
    FULL,
    { timeout: "1s" },
    { timeout: "30s" },
    { timeout: "1000ms" },
    { retry_delays: [] },
    { retry_delays: Array.from({ length: 10 }, () => "1d") },
    { success_status: "2xx" },
    { max_in_flight: 1 },
    { max_in_flight: 1_024 },
    { rate_limit: { per_second: 0.01, burst: 1 } },
    { rate_limit: { per_second: 10_000, burst: 10_000 } },
    { retry_after: "honour" },
  ])("%j is taken as it is, and is stored as it is", (policy) => {
    expect(deliveryPolicySchema.parse(policy)).toStrictEqual(policy);
    expect(storedPolicySchema.parse(policy)).toStrictEqual(policy);
  });

  test.each([
    [{ timeout: "999ms" }, [TIMEOUT]],
    [{ timeout: "30001ms" }, [TIMEOUT]],
    [{ timeout: 10 }, [TIMEOUT]],
    [{ timeout: "10" }, [TIMEOUT]],
    [{ timeout: `${"0".repeat(200)}10s` }, [TIMEOUT]],
    [{ timeout: null }, [TIMEOUT]],
    [
      { retry_delays: ["10s", "999ms", "25h", 60] },
      [1, 2, 3].map((n) => `retry_delays.${n}: ${DELAY}`),
    ],
    [
      { retry_delays: Array.from({ length: 11 }, () => "1s") },
      ["retry_delays: must be at most 10 delays"],
    ],
    [
      { retry_delays: "10s,1m" },
      ['retry_delays: must be a list of at most 10 durations, such as ["10s", "5m", "1h"]'],
    ],
    [{ success_status: "ok" }, [STATUSES]],
    [{ success_status: 200 }, [STATUSES]],
    [{ success_status: "200,".repeat(40) + "200" }, [STATUSES]],
    [{ max_in_flight: 0 }, [AT_ONCE]],
    [{ max_in_flight: 1_025 }, [AT_ONCE]],
    [{ max_in_flight: 1.5 }, [AT_ONCE]],
    [{ max_in_flight: "4" }, [AT_ONCE]],
    [{ rate_limit: { per_second: 0, burst: 0 } }, [PER_SECOND, BURST]],
    [{ rate_limit: { per_second: 10_001, burst: 10_001 } }, [PER_SECOND, BURST]],
    [{ rate_limit: { per_second: 5 } }, [BURST]],
    [{ retry_after: true }, ["retry_after: must be one of honour, ignore"]],
  ])("%j is refused with what is expected", (policy, problems) => {
    expect(problemsOf(policy)).toEqual(problems);
  });

  test.each([{ timeouts: "10s" }, { rate_limit: { per_second: 1, burst: 1, per_minute: 1 } }])(
    "%j is refused for the field that nobody knows",
    (policy) => {
      expect(deliveryPolicySchema.safeParse(policy).error?.issues).toMatchObject([
        { code: "unrecognized_keys" },
      ]);
    },
  );

  test("that sets nothing is none", () => {
    expect(policyToStore({})).toBeUndefined();
    expect(policyToStore(undefined)).toBeUndefined();
    expect(policyToStore({ retry_delays: [] })).toEqual({ retry_delays: [] });
  });
});

test("what a later version adds to a stored policy, or allows in it, does not make it unreadable", () => {
  const stored = { timeout: "5m", retry_delays: ["48h"], max_in_flight: 9_999, order: "kept" };
  const { order: _later, ...known } = stored;
  expect(storedPolicySchema.parse(stored)).toStrictEqual(known);
});

const reversed = (policy: object): object =>
  Object.fromEntries(Object.entries(policy).toReversed());

describe("two policies", () => {
  const fields = Object.keys(FULL) as (keyof DeliveryPolicy)[];
  const some = fc
    .subarray(fields)
    .map((kept): DeliveryPolicy => Object.fromEntries(kept.map((name) => [name, FULL[name]])));

  test("are the same when they set the same, in whatever order", () => {
    fc.assert(
      fc.property(some, some, (a, b) => {
        expect(samePolicy(a, reversed(a))).toBe(true);
        const isSame = Object.keys(a).join() === Object.keys(b).join();
        expect(samePolicy(a, b)).toBe(isSame);
      }),
    );
    const rate_limit = { burst: 10, per_second: 0.5 };
    expect(samePolicy(FULL, { ...FULL, rate_limit })).toBe(true);
    expect(samePolicy(undefined, {})).toBe(true);
  });

  test.each<DeliveryPolicy>([
    { timeout: "11s" },
    { retry_delays: ["10s", "1m"] },
    { retry_delays: [] },
    { success_status: "202,200" },
    { max_in_flight: 5 },
    { rate_limit: { per_second: 0.5, burst: 11 } },
    { rate_limit: { per_second: 1, burst: 10 } },
    { retry_after: "honour" },
  ])("are not the same when one has %j", (other) => {
    expect(samePolicy(FULL, { ...FULL, ...other })).toBe(false);
  });

  test("that differ in any known field are not the same, so that no edit is lost", () => {
    expect(fields.toSorted()).toEqual(Object.keys(storedPolicySchema.shape).toSorted());
    expect(Object.keys(deliveryPolicySchema.shape)).toEqual(Object.keys(storedPolicySchema.shape));
    for (const name of fields) {
      const { [name]: _left, ...rest } = FULL;
      expect(samePolicy(FULL, rest)).toBe(false);
    }
  });
});
