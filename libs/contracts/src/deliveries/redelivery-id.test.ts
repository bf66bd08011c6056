import { expect, test } from "vitest";
import { isId } from "../id.ts";
import {
  isFirstDelivery,
  redeliveryDeliveryId,
  redeliveryIds,
  redeliveryMessageId,
} from "./redelivery-id.ts";

test("a redelivery has an id of its own, which fits into a subject", () => {
  const longest = redeliveryDeliveryId(Number.MAX_SAFE_INTEGER, "x".repeat(64));
  expect(isId(longest)).toBe(true);
  expect(redeliveryDeliveryId(7, "r_1-a")).toBe("7-r_1-a");
  expect(redeliveryMessageId("7-r1", 1)).toBe("7-r1:1");
});

test.each(["", "x".repeat(65), "a.b", "a b", ">"])("'%s' is no token of a redelivery", (token) => {
  expect(() => redeliveryDeliveryId(7, token)).toThrow("expected 1 to 64 of A-Z a-z 0-9 _ -");
});

test("only an event's first delivery is named by its sequence alone", () => {
  expect(isFirstDelivery("7", 7)).toBe(true);
  expect(isFirstDelivery("7-r1", 7)).toBe(false);
  expect(isFirstDelivery("7", 77)).toBe(false);
});

test("a first delivery carries no further ids, a redelivery its own and its job's", () => {
  expect(redeliveryIds({ deliveryId: "7", eventSeq: 7 })).toEqual({});
  expect(redeliveryIds({ deliveryId: "7-t", eventSeq: 7 })).toEqual({ delivery_id: "7-t" });
  expect(redeliveryIds({ deliveryId: "7-j1", eventSeq: 7, redeliveryId: "j1" })).toEqual({
    delivery_id: "7-j1",
    redelivery_id: "j1",
  });
});
