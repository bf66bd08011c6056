import { describe, expect, test } from "vitest";
import { MAX_BYTES_HELD } from "./decide/permit.ts";
import { createPermits, type AttemptResult, type PermitRequest } from "./permits.ts";

const REQUEST: PermitRequest = {
  workspaceId: "w1",
  destination: "https://a/hook",
  origin: "https://a",
  deferrals: 0,
  timeoutMs: 30_000,
  bytes: 100,
};
const SUCCESS: AttemptResult = { destination: "success", origin: "success" };
const FIRST = { ahead: 0, aheadInAll: 0, isQueued: false };

const scene = (more: Partial<PermitRequest> = {}) => {
  const clock = { nowMs: 1_000_000 };
  const released = { times: 0 };
  const onRelease = (): void => {
    released.times += 1;
  };
  const permits = createPermits({ maxInFlight: 100 }, () => clock.nowMs, onRelease);
  const request = { ...REQUEST, ...more };
  return { clock, released, permits, request, state: permits.stateOf(request) };
};

describe("a permit", () => {
  test("counts at every level until it is released", () => {
    const limits = { key: "one", maxInFlight: 8 };
    const { permits, request, state, released } = scene({ limits });
    const inFlight = () => [
      state.destination.load.starts.length,
      state.subscription?.load.starts.length,
      state.origin.load.inFlight,
      state.workspace.load.inFlight,
      permits.inFlight(),
    ];
    const permit = permits.take(request, state);
    expect(inFlight()).toEqual([1, 1, 1, 1, 1]);
    permit.release(SUCCESS);
    expect(inFlight()).toEqual([0, 0, 0, 0, 0]);
    expect(released.times).toBe(1);
  });

  test.each(["before", "with"])("releases the bytes of its body once, %s its end", (when) => {
    const { permits, request, state } = scene();
    permits.hold(state, request.bytes);
    const permit = permits.take(request, state);
    expect(state.workspace.bytes).toBe(100);
    if (when === "before") permit.bodySent();
    permit.release(SUCCESS);
    expect(state.workspace.bytes).toBe(0);
  });

  test("uses one of the rate", () => {
    const limits = { key: "one", rateLimit: { perSecond: 1, burst: 1 } };
    const { permits, request, state } = scene({ limits });
    expect(permits.decide(request, state, FIRST).kind).toBe("grant");
    permits.take(request, state);
    expect(permits.decide(request, state, FIRST)).toMatchObject({ limitedBy: "rate" });
  });
});

test.each([
  { what: "its destination asked to be left alone", limitedBy: "destination", retryAfterMs: 5_000 },
  { what: "too many bodies are held", limitedBy: "pool", held: MAX_BYTES_HELD },
])("a request is deferred where $what", ({ limitedBy, retryAfterMs = 0, held = 0 }) => {
  const { permits, request, state } = scene();
  permits.take(request, state).release({ ...SUCCESS, retryAfterMs });
  permits.hold(state, held);
  expect(permits.decide(request, state, FIRST)).toMatchObject({ kind: "defer", limitedBy });
});

describe("a deferral", () => {
  const defer = { kind: "defer", freeAtMs: 1_002_000, slotIntervalMs: 500 } as const;

  test.each([
    { limitedBy: "rate", reason: "rate_limited", slots: "subscription" },
    { limitedBy: "subscription", reason: "endpoint_busy", slots: "subscription" },
    { limitedBy: "destination", reason: "endpoint_busy", slots: "destination" },
    { limitedBy: "origin", reason: "origin_busy", slots: "destination" },
    { limitedBy: "pool", reason: "endpoint_busy", slots: "destination" },
  ] as const)("by $limitedBy reserves a slot of the $slots", ({ limitedBy, reason, slots }) => {
    const { permits, request, state } = scene({ limits: { key: "one" } });
    const deferred = permits.defer(request, state, { ...defer, limitedBy });
    expect(deferred).toEqual({ kind: "deferred", afterMs: 2_000, reason });
    expect(state[slots]?.nextFreeSlotMs).toBe(1_002_500);
  });

  test("releases the bytes of its body", () => {
    const { permits, request, state } = scene();
    permits.hold(state, request.bytes);
    permits.defer(request, state, { ...defer, limitedBy: "destination" });
    expect(state.workspace.bytes).toBe(0);
  });
});
