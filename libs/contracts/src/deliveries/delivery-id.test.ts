import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isId } from "../id.ts";
import {
  deliveryIdParts,
  deliveryIds,
  endpointIdIn,
  firstDeliveryId,
  isFirstDelivery,
  isFirstToAgent,
  redeliveryDeliveryId,
  redeliveryMessageId,
} from "./delivery-id.ts";

const ENDPOINT = "ep_abcdefgh234567ab";

test("a redelivery has an id of its own, which fits into a subject", () => {
  const longest = redeliveryDeliveryId(Number.MAX_SAFE_INTEGER, "x".repeat(64), ENDPOINT);
  expect(isId(longest)).toBe(true);
  expect(redeliveryDeliveryId(7, "r_1-a")).toBe("7-r_1-a");
  expect(redeliveryDeliveryId(7, "r_1-a", ENDPOINT)).toBe(`7-${ENDPOINT}-r_1-a`);
  expect(redeliveryMessageId("7-r1", 1)).toBe("7-r1:1");
});

test.each(["", "x".repeat(65), "a.b", "a b", ">", ENDPOINT])(
  "'%s' is no token of a redelivery",
  (token) => {
    expect(() => redeliveryDeliveryId(7, token)).toThrow("expected 1 to 64 of A-Z a-z 0-9 _ -");
  },
);

test("only a delivery without a token is an event's first to its destination", () => {
  expect(isFirstDelivery("7")).toBe(true);
  expect(isFirstDelivery(`7-${ENDPOINT}`)).toBe(true);
  expect(isFirstDelivery("7-r1")).toBe(false);
  expect(isFirstDelivery(`7-${ENDPOINT}-r1`)).toBe(false);
});

test("only the first delivery to the agent's subscription is named by the event's sequence alone", () => {
  expect(isFirstToAgent("7", 7)).toBe(true);
  expect(isFirstToAgent("7", 77)).toBe(false);
  expect(isFirstToAgent(`7-${ENDPOINT}`, 7)).toBe(false);
  expect(isFirstToAgent("7-r1", 7)).toBe(false);
});

test("a delivery carries the ids that its event's sequence does not say", () => {
  expect(deliveryIds({ deliveryId: "7", eventSeq: 7 })).toEqual({});
  expect(deliveryIds({ deliveryId: "7-t", eventSeq: 7 })).toEqual({ delivery_id: "7-t" });
  expect(deliveryIds({ deliveryId: `7-${ENDPOINT}`, eventSeq: 7 })).toEqual({
    delivery_id: `7-${ENDPOINT}`,
    endpoint_id: ENDPOINT,
  });
  expect(deliveryIds({ deliveryId: "7-j1", eventSeq: 7, redeliveryId: "j1" })).toEqual({
    delivery_id: "7-j1",
    redelivery_id: "j1",
  });
});

test("an id gives back what it was made of", () => {
  const endpoint = fc.option(fc.stringMatching(/^ep_[a-z2-7]{16}$/), { nil: undefined });
  const token = fc.option(
    fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/).filter((text) => !text.startsWith("ep_")),
    { nil: undefined },
  );
  const seq = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(seq, endpoint, token, (eventSeq, endpointId, suffix) => {
      const id =
        suffix === undefined
          ? firstDeliveryId(eventSeq, endpointId)
          : redeliveryDeliveryId(eventSeq, suffix, endpointId);
      expect(deliveryIdParts(id)).toEqual({ eventSeq, endpointId, token: suffix });
    }),
  );
});

test.each(["", "0", "-7", "7-", ENDPOINT, "7-a.b", "x7"])("'%s' is no delivery's id", (id) => {
  expect(deliveryIdParts(id)).toBeUndefined();
});

test.each([
  [ENDPOINT, { endpoint_id: ENDPOINT, delivery_id: "7" }],
  [ENDPOINT, { delivery_id: `7-${ENDPOINT}-r1` }],
  [undefined, { delivery_id: "7-r1" }],
  [undefined, { endpoint_id: "ep_1", delivery_id: 7 }],
  [undefined, {}],
])("the endpoint is %s in %j", (expected, deadLetter) => {
  expect(endpointIdIn(deadLetter)).toBe(expected);
});
