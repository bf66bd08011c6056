import { expect, test } from "vitest";
import {
  deliveryDraftOf,
  orderDraftOf,
  orderOf,
  pairsOf,
  policyOf,
  recordOf,
  repeatedName,
} from "./delivery-draft.ts";

test("what nobody typed is left to the operator", () => {
  expect(policyOf(deliveryDraftOf(undefined))).toBeUndefined();
  expect(orderOf(orderDraftOf(undefined))).toBeUndefined();
  expect(policyOf({ ...deliveryDraftOf(undefined), timeout: "  " })).toBeUndefined();
});

test.each([
  [{ timeout: "10s" }],
  [{ retry_delays: [] }],
  [{ retry_delays: ["10s", "5m"] }],
  [{ max_in_flight: 4, rate_limit: { per_second: 0.5, burst: 10 }, retry_after: "ignore" }],
  [{ success_status: "200-299" }],
] as const)("a policy comes out of its form as it went in: %j", (policy) => {
  expect(policyOf(deliveryDraftOf(policy as never))).toEqual(policy);
});

test("what is no number is sent as it was typed, for the API to say what is wrong", () => {
  const draft = { ...deliveryDraftOf(undefined), maxInFlight: "many", perSecond: "5" };
  expect(policyOf(draft)).toEqual({ max_in_flight: "many", rate_limit: { per_second: 5 } });
});

test("an order comes out of its form as it went in", () => {
  const order = { by: "call", on_failure: "skip", max_wait: "10m" } as const;
  expect(orderOf(orderDraftOf(order))).toEqual(order);
  expect(orderOf({ onFailure: "wait", maxWait: "" })).toEqual({ by: "call", on_failure: "wait" });
});

test("rows of headers are a record without the empty ones, and a name that stands twice is found", () => {
  const pairs = [...pairsOf({ Authorization: "Bearer x" }), { name: "", value: "" }];
  expect(recordOf(pairs)).toEqual({ Authorization: "Bearer x" });
  expect(recordOf([{ name: "", value: "x" }])).toEqual({ "": "x" });
  expect(repeatedName(pairs)).toBeUndefined();
  expect(repeatedName([...pairs, { name: "authorization ", value: "" }])).toBe("authorization");
});
