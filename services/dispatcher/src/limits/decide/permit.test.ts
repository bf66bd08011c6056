import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NEW_WINDOW } from "./congestion-window.ts";
import { IDLE, IDLE_POOL, type EndpointLoad, type PoolLoad } from "./load.ts";
import { REACHABLE } from "./origin-window.ts";
import { decidePermit, MAX_BYTES_HELD, type PermitInput } from "./permit.ts";
import { boundsOf, type Levels } from "./shares.ts";

const NOW_MS = 1_000_000;
const LIMITS = { maxInFlight: 100 };

/** So many attempts in flight that began just now, each of which takes 20 ms. */
const busy = (inFlight: number, serviceMs = 20): EndpointLoad => ({
  starts: Array.from({ length: inFlight }, () => NOW_MS),
  serviceMs,
  lastEndMs: NOW_MS,
});

/** So many attempts in flight, one of which ends every `gapMs`. */
const pool = (inFlight: number, gapMs = 10): PoolLoad => ({
  inFlight,
  gapMs,
  quietSinceMs: NOW_MS,
});

const QUIET: Levels = {
  destination: { load: IDLE, window: NEW_WINDOW, closedUntilMs: 0, nextFreeSlotMs: 0 },
  origin: { load: IDLE_POOL, window: REACHABLE, recent: new Map() },
  workspace: { load: IDLE_POOL, bytes: 0 },
  processPool: { load: IDLE_POOL, bytes: 0 },
  subscription: { load: IDLE, tatMs: 0, nextFreeSlotMs: 0 },
};

const inputOf = ({
  levels,
  ...over
}: Partial<Omit<PermitInput, "levels">> & { levels?: Partial<Levels> }): PermitInput => ({
  nowMs: NOW_MS,
  ahead: 0,
  aheadInAll: 0,
  hasPrecedence: false,
  timeoutMs: 30_000,
  bytes: 100,
  own: undefined,
  levels: { ...QUIET, ...levels },
  ...over,
});

const decide = (over: Parameters<typeof inputOf>[0]) => decidePermit(inputOf(over), LIMITS);

const rateUsedUp = {
  own: { key: "one", rateLimit: { perSecond: 1, burst: 1 } },
  subscription: { load: IDLE, tatMs: NOW_MS + 1_000, nextFreeSlotMs: 0 },
};
const subscriptionFull = (serviceMs: number) => ({
  own: { key: "one", maxInFlight: 2 },
  subscription: { load: busy(2, serviceMs), tatMs: 0, nextFreeSlotMs: 0 },
});
const destinationOf = (over: Partial<Levels["destination"]>) => ({ ...QUIET.destination, ...over });
const closed = destinationOf({ closedUntilMs: NOW_MS + 5_000 });
const destinationFull = destinationOf({ load: busy(4, 5_000), window: { ...NEW_WINDOW, size: 4 } });
const downOrigin = (gapMs: number) => ({
  ...QUIET.origin,
  load: pool(1, gapMs),
  window: { size: 1, failuresInRow: 9 },
});
const full = (gapMs: number) => ({ load: pool(100, gapMs), bytes: 0 });

test("a request that every level has room for gets a permit", () => {
  expect(decide({})).toEqual({ kind: "grant" });
});

describe("a request is deferred", () => {
  test.each<[string, Parameters<typeof inputOf>[0], string, number]>([
    ["by its rate", { own: rateUsedUp.own, levels: rateUsedUp }, "rate", 1_000],
    [
      "by its subscription's own limit",
      { own: subscriptionFull(5_000).own, levels: subscriptionFull(5_000) },
      "subscription",
      5_000,
    ],
    [
      "while its destination wants to be left alone",
      { levels: { destination: closed } },
      "destination",
      5_000,
    ],
    [
      "by its destination's window",
      { levels: { destination: destinationFull } },
      "destination",
      5_000,
    ],
    ["by an origin that is down", { levels: { origin: downOrigin(2_000) } }, "origin", 0],
    [
      "by the process, which others fill",
      { levels: { processPool: full(2_000) } },
      "dispatcher",
      0,
    ],
    [
      "by its workspace, where others use its share",
      {
        levels: {
          workspace: { load: pool(99, 2_000), bytes: 0 },
          processPool: { load: pool(99), bytes: 0 },
        },
      },
      "dispatcher",
      0,
    ],
    [
      "by the bodies of the process, however small its own",
      { bytes: 1, levels: { processPool: { load: IDLE_POOL, bytes: MAX_BYTES_HELD } } },
      "dispatcher",
      0,
    ],
    [
      "by the bodies of its workspace",
      {
        levels: {
          workspace: { load: IDLE_POOL, bytes: 0.8 * MAX_BYTES_HELD },
          processPool: { load: IDLE_POOL, bytes: 0.8 * MAX_BYTES_HELD },
        },
      },
      "pool",
      0,
    ],
    [
      "by its share of a process that its own origin fills",
      {
        levels: {
          destination: destinationOf({ load: busy(1, 5_000) }),
          origin: { ...QUIET.origin, load: pool(60, 5_000) },
          workspace: { load: pool(60, 5_000), bytes: 0 },
          processPool: { load: pool(60, 5_000), bytes: 0 },
        },
      },
      "destination",
      5_000,
    ],
  ])("%s", (_what, over, limitedBy, inMs) => {
    expect(decide(over)).toMatchObject({ kind: "defer", limitedBy, freeAtMs: NOW_MS + inMs });
  });

  test("by the first limit of its way, which decides whose slot it gets", () => {
    const levels = {
      subscription: { ...subscriptionFull(5_000).subscription, tatMs: NOW_MS + 1_000 },
      destination: destinationFull,
      origin: downOrigin(2_000),
      processPool: full(2_000),
    };
    const { rateLimit } = rateUsedUp.own;
    const by = (own: PermitInput["own"], more: Partial<Levels> = {}) =>
      decide({ own, levels: { ...levels, ...more } });
    expect(by({ key: "one", maxInFlight: 2, rateLimit })).toMatchObject({ limitedBy: "rate" });
    expect(by({ key: "one", maxInFlight: 2 })).toMatchObject({ limitedBy: "subscription" });
    expect(by(undefined)).toMatchObject({ limitedBy: "destination" });
    expect(by(undefined, { destination: QUIET.destination })).toMatchObject({
      limitedBy: "origin",
    });
  });
});

describe("a request waits", () => {
  test.each<[string, Parameters<typeof inputOf>[0]]>([
    ["for its subscription", { own: subscriptionFull(20).own, levels: subscriptionFull(20) }],
    ["for its origin", { levels: { origin: downOrigin(500) } }],
    ["for the process", { aheadInAll: 49, levels: { processPool: full(10) } }],
  ])("%s where a permit is free within half a second", (_what, over) => {
    expect(decide(over)).toEqual({ kind: "queue" });
  });

  test("for the process behind those of all destinations, for its origin behind its own", () => {
    expect(decide({ aheadInAll: 50, levels: { processPool: full(10) } }).kind).toBe("defer");
    expect(decide({ ahead: 1, levels: { origin: downOrigin(500) } }).kind).toBe("defer");
    expect(decide({ aheadInAll: 50, levels: { origin: downOrigin(500) } }).kind).toBe("queue");
  });

  test("not for a level where a later one defers it", () => {
    const levels = { ...subscriptionFull(20), origin: downOrigin(2_000) };
    expect(decide({ own: levels.own, levels })).toMatchObject({ limitedBy: "origin" });
  });

  test("never for room for its body, which it would hold meanwhile", () => {
    const levels = {
      workspace: { load: pool(1, 1), bytes: 0 },
      processPool: { load: pool(1, 1), bytes: MAX_BYTES_HELD },
    };
    expect(decide({ levels })).toMatchObject({
      kind: "defer",
      limitedBy: "dispatcher",
      recheckAfterMs: 1_000,
    });
  });
});

test("a body that counts already needs no more room", () => {
  const levels = { processPool: { load: IDLE_POOL, bytes: MAX_BYTES_HELD + 1 } };
  expect(decide({ bytes: 0, levels })).toEqual({ kind: "grant" });
});

test("a slot of a rate that is reserved holds back new requests, and none that was deferred before", () => {
  const own = { key: "one", rateLimit: { perSecond: 1, burst: 2 } };
  const subscription = { load: IDLE, tatMs: NOW_MS, nextFreeSlotMs: NOW_MS + 500 };
  const kindFor = (hasPrecedence: boolean) =>
    decide({ own, hasPrecedence, levels: { subscription } }).kind;
  expect([kindFor(false), kindFor(true)]).toEqual(["defer", "grant"]);
});

/** Four fifths of the room for bodies are taken, and this is in flight at the destination. */
const atDestination = (load: EndpointLoad) => ({
  destination: destinationOf({ load }),
  processPool: { load: IDLE_POOL, bytes: 0.8 * MAX_BYTES_HELD },
});

test("a quarter of the room for bodies is for endpoints that are idle or respond soon", () => {
  expect(decide({ levels: atDestination(IDLE) }).kind).toBe("grant");
  expect(decide({ levels: atDestination(busy(1)) }).kind).toBe("grant");
  expect(decide({ levels: atDestination(busy(1, 5_000)) })).toMatchObject({
    limitedBy: "dispatcher",
  });
});

test.each([
  { gapMs: 0, silentMs: 600, recheckAfterMs: 4_800 },
  { gapMs: 501, silentMs: 0, recheckAfterMs: 4_008 },
  { gapMs: 10_000, silentMs: 0, recheckAfterMs: 30_000 },
])(
  "a pool without a permit is asked again after eight gaps ($gapMs ms, silent for $silentMs), and a deadline at the latest",
  ({ gapMs, silentMs, recheckAfterMs }) => {
    const load = { inFlight: 100, gapMs, quietSinceMs: NOW_MS - silentMs };
    expect(decide({ levels: { processPool: { load, bytes: 0 } } })).toMatchObject({
      recheckAfterMs,
      slotIntervalMs: Math.max(gapMs, silentMs),
    });
  },
);

test("no state of the levels grants a permit beyond a bound", () => {
  const small = fc.integer({ min: 0, max: 120 });
  const bytesHeld = fc.integer({ min: 0, max: MAX_BYTES_HELD });
  const scene = fc.record({
    destination: small,
    origin: small,
    workspace: small,
    inProcess: small,
    size: fc.integer({ min: 1, max: 200 }),
    serviceMs: fc.integer({ min: 0, max: 5_000 }),
    held: bytesHeld,
    bytes: bytesHeld,
    ahead: fc.integer({ min: 0, max: 3 }),
    hasPrecedence: fc.boolean(),
  });
  let granted = 0;
  fc.assert(
    fc.property(scene, ({ destination, origin, workspace, inProcess, ...one }) => {
      const { size, serviceMs, held, bytes, ahead, hasPrecedence } = one;
      const levels: Levels = {
        ...QUIET,
        destination: destinationOf({
          load: busy(destination, serviceMs),
          window: { ...NEW_WINDOW, size },
        }),
        origin: { ...QUIET.origin, load: pool(origin) },
        workspace: { load: pool(workspace), bytes: held },
        processPool: { load: pool(inProcess), bytes: held },
      };
      const input = inputOf({ levels, bytes, ahead, aheadInAll: ahead, hasPrecedence });
      const { kind } = decidePermit(input, LIMITS);
      if (kind !== "grant") return;
      granted += 1;
      const bounds = boundsOf(levels, LIMITS, NOW_MS);
      expect(destination).toBeLessThan(bounds.destination);
      expect(origin).toBeLessThan(bounds.origin);
      expect(workspace).toBeLessThan(bounds.workspace);
      expect(inProcess).toBeLessThan(LIMITS.maxInFlight);
      expect(bytes === 0 || held + bytes <= MAX_BYTES_HELD).toBe(true);
      expect(ahead).toBe(0);
    }),
    { numRuns: 1_000 },
  );
  expect(granted).toBeGreaterThan(0);
});
