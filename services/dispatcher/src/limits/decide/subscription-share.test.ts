import * as fc from "fast-check";
import { expect, test } from "vitest";
import { limitedBy, shareOfLimits } from "./subscription-share.ts";

const ADDRESS = {
  workspaceId: "w1",
  callId: "c1",
  agentId: "a1",
  eventType: "call_completed",
} as const;
const key = "w1 a1 call_completed";

test("a subscription without limits has none, however many dispatchers there are", () => {
  expect(shareOfLimits(key, {}, 3)).toBeUndefined();
});

test("each of two dispatchers has half of the limits", () => {
  const rateLimit = { perSecond: 5, burst: 9 };
  const both = { maxInFlight: 8, rateLimit };
  expect(shareOfLimits(key, both, 1)).toEqual({ key, maxInFlight: 8, rateLimit });
  const half = { perSecond: 2.5, burst: 4 };
  expect(shareOfLimits(key, both, 2)).toEqual({ key, maxInFlight: 4, rateLimit: half });
});

test("the limits are a subscription's own: the call does not matter, agent and event type do", () => {
  const others = [
    { callId: "c2" },
    { agentId: "a2" },
    { eventType: "recording_completed" as const },
  ];
  const keys = others.map((other) => limitedBy({ ...ADDRESS, ...other }, "7"));
  expect(keys).toEqual([key, "w1 a2 call_completed", "w1 a1 recording_completed"]);
});

test("the limits of an endpoint hold for all agents and event types that it is for", () => {
  const id = "7-ep_abcdefgh234567ab";
  expect(limitedBy(ADDRESS, id)).toBe("w1 ep_abcdefgh234567ab");
  expect(limitedBy({ ...ADDRESS, agentId: "a2" }, `${id}-r1`)).toBe("w1 ep_abcdefgh234567ab");
});

test("all shares together keep the limit, unless it is smaller than the number of dispatchers", () => {
  const dispatchers = fc.integer({ min: 1, max: 64 });
  const whole = fc.integer({ min: 1, max: 1_024 });
  const perSecond = fc.double({ min: 0.01, max: 10_000, noNaN: true });
  fc.assert(
    fc.property(dispatchers, whole, whole, perSecond, (n, maxInFlight, burst, rate) => {
      const policy = { maxInFlight, rateLimit: { perSecond: rate, burst } };
      const share = shareOfLimits(key, policy, n);
      expect((share?.rateLimit?.perSecond ?? 0) * n).toBeCloseTo(rate, 6);
      for (const [limit, own] of [
        [maxInFlight, share?.maxInFlight ?? 0],
        [burst, share?.rateLimit?.burst ?? 0],
      ] as const) {
        expect(own).toBeGreaterThanOrEqual(1);
        expect(own * n).toBeLessThanOrEqual(Math.max(limit, n));
      }
    }),
  );
});
