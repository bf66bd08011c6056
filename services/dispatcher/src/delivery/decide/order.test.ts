import * as fc from "fast-check";
import { subscriptionDestination } from "@ringback/contracts/endpoints/destination";
import type { DeliveryOrder } from "@ringback/contracts/agents/delivery-order";
import { describe, expect, test } from "vitest";
import { ADDRESS } from "../../../../../test/harness/fixtures/records.ts";
import { isBlocking, orderDecision, orderedFor, type EarlierState } from "./order.ts";

const STORED_MS = 1_000_000;
const WAIT: DeliveryOrder = { by: "call", on_failure: "wait", max_wait: "10m" };

const at = (nowMs: number, deferrals = 0, blockedBy: number | undefined = 7) =>
  orderDecision({ blockedBy, storedAtMs: STORED_MS, nowMs, deferrals }, WAIT);

describe("whether an event waits for an earlier one", () => {
  test.each<[EarlierState, boolean, boolean]>([
    ["ended", false, false],
    ["in_flight", true, true],
    ["retrying", true, false],
  ])("that is %s", (state, withWait, withSkip) => {
    expect(isBlocking(state, "wait")).toBe(withWait);
    expect(isBlocking(state, "skip")).toBe(withSkip);
  });
});

describe("an attempt that is due", () => {
  test("goes on when nothing is waited for, however late it is", () => {
    const input = {
      blockedBy: undefined,
      storedAtMs: STORED_MS,
      nowMs: STORED_MS * 9,
      deferrals: 9,
    };
    expect(orderDecision(input, WAIT)).toEqual({ kind: "go" });
  });

  test("waits 1 s at first, then longer, at most 10 s", () => {
    const waits = [0, 1, 2, 3, 4, 500].map((deferrals) => {
      const decision = at(STORED_MS, deferrals);
      return decision.kind === "wait" ? decision.atMs - STORED_MS : 0;
    });
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  });

  test("waits until `max_wait` is over and not a millisecond longer, counted from when its event was stored", () => {
    const endMs = STORED_MS + 600_000;
    expect(at(endMs - 1)).toEqual({ kind: "wait", atMs: endMs, waitsFor: 7 });
    expect(at(endMs)).toEqual({ kind: "go_out_of_order" });
  });

  test("waits ten minutes where `max_wait` cannot be read", () => {
    const input = { blockedBy: 7, storedAtMs: STORED_MS, nowMs: STORED_MS + 599_999, deferrals: 0 };
    expect(orderDecision(input, { max_wait: "soon" }).kind).toBe("wait");
  });

  test("never waits beyond `max_wait`, nor comes back earlier than now (property)", () => {
    const input = fc.record({
      blockedBy: fc.option(fc.nat(), { nil: undefined }),
      storedAtMs: fc.nat(2_000_000),
      nowMs: fc.nat(2_000_000),
      deferrals: fc.nat(),
    });
    fc.assert(
      fc.property(input, fc.integer({ min: 1, max: 900 }), (given, seconds) => {
        const decision = orderDecision(given, { max_wait: `${seconds}s` });
        const endMs = given.storedAtMs + seconds * 1_000;
        const late = given.nowMs >= endMs ? "go_out_of_order" : "wait";
        expect(decision.kind).toBe(given.blockedBy === undefined ? "go" : late);
        const atMs = decision.kind === "wait" ? decision.atMs : endMs;
        expect(atMs).toBeLessThanOrEqual(endMs);
        expect(decision.kind !== "wait" || atMs > given.nowMs).toBe(true);
      }),
    );
  });
});

describe("order", () => {
  const stored = {
    event_type: "call_completed",
    callback_url: "https://x.example.com/",
    headers: {},
  };
  const found = {
    ...subscriptionDestination(ADDRESS, { ...stored, method_type: "POST" }),
    order: WAIT,
  };

  test.each([
    ["a first attempt", { deliveryId: "7", trigger: "event" as const }, true],
    ["a retry", { deliveryId: "7-ep_aaaaaaaaaaaaaaaa", trigger: "retry" as const }, true],
    ["retry now", { deliveryId: "7", trigger: "redelivery" as const }, false],
    ["a redelivery's retry", { deliveryId: "7-again", trigger: "retry" as const }, false],
    ["a test event", { deliveryId: "7", trigger: "test" as const }, false],
  ])("concerns %s or not", (_what, delivery, concerns) => {
    expect(orderedFor(found, delivery) !== undefined).toBe(concerns);
    expect(orderedFor({ ...found, order: undefined }, delivery)).toBeUndefined();
  });
});
