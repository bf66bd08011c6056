import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Signal } from "./decide/congestion-window.ts";
import { MAX_BYTES_HELD } from "./decide/permit.ts";
import { RESERVED_SHARE } from "./decide/shares.ts";
import { createLimiter, type Limiter, type PermitResult } from "./limiter.ts";
import type { AttemptResult, PermitRequest } from "./permits.ts";

const DEADLINE_MS = 30_000;

/** A limiter on a clock that the test moves. */
const scene = (maxInFlight: number, destinationMaxInFlight?: number) => {
  const clock = { nowMs: 1_000_000 };
  const limiter = createLimiter({ maxInFlight, destinationMaxInFlight }, () => clock.nowMs);
  return { clock, limiter };
};

/** For a host of its own, and of a workspace of its own. */
const requestTo = (name: string, more: Partial<PermitRequest> = {}): PermitRequest => ({
  workspaceId: `of ${name}`,
  destination: `https://${name}/hook`,
  origin: `https://${name}`,
  deferrals: 0,
  timeoutMs: DEADLINE_MS,
  bytes: 1_000,
  ...more,
});

/** The result is set at once, or once something else has happened. */
type Acquired = { result?: PermitResult };

const acquireAll = async (
  limiter: Limiter,
  requests: readonly PermitRequest[],
): Promise<Acquired[]> => {
  const all = requests.map((request) => {
    const acquired: Acquired = {};
    void (async () => {
      acquired.result = await limiter.acquire(request);
    })();
    return acquired;
  });
  await Promise.resolve();
  return all;
};

const acquire = async (limiter: Limiter, request: PermitRequest): Promise<Acquired> =>
  (await acquireAll(limiter, [request]))[0]!;

/** The result that is there at once. */
const resultOf = async (
  limiter: Limiter,
  request: PermitRequest,
): Promise<PermitResult | undefined> => (await acquire(limiter, request)).result;

const release = async (
  all: Acquired | readonly Acquired[],
  attempt: Signal | AttemptResult = "success",
): Promise<void> => {
  for (const { result } of [all].flat()) {
    if (result?.kind !== "granted") throw new Error(`is ${result?.kind ?? "queued"}`);
    result.release(
      typeof attempt === "string" ? { destination: attempt, origin: "success" } : attempt,
    );
  }
  await Promise.resolve();
};

const sweep = async (limiter: Limiter): Promise<void> => {
  limiter.sweep();
  await Promise.resolve();
};

const granted = (all: readonly Acquired[]): readonly Acquired[] =>
  all.filter(({ result }) => result?.kind === "granted");

describe("the limiter", () => {
  test("grants one endpoint as many at once as its limit says, and the next when one ends", async () => {
    const { limiter } = scene(100, 2);
    const [first, , third] = await acquireAll(
      limiter,
      ["a", "a", "a"].map((origin) => requestTo(origin)),
    );
    expect(limiter.inFlight()).toBe(2);
    expect(third?.result).toBeUndefined();
    expect(limiter.queued()).toBe(1);
    await release(first!);
    expect(third?.result?.kind).toBe("granted");
    expect([limiter.inFlight(), limiter.queued()]).toEqual([2, 0]);
  });

  test("counts the same origin of another workspace as another endpoint", async () => {
    const { limiter } = scene(100, 1);
    await acquire(limiter, requestTo("a", { workspaceId: "w1" }));
    expect((await resultOf(limiter, requestTo("a", { workspaceId: "w2" })))?.kind).toBe("granted");
    expect(await resultOf(limiter, requestTo("a", { workspaceId: "w1" }))).toBeUndefined();
  });

  test("grants as many at once as the process may have, and then endpoint after endpoint", async () => {
    const { limiter } = scene(2, 100);
    const [a, b, c, d, e] = await acquireAll(
      limiter,
      ["a", "b", "c", "c", "d"].map((origin) => requestTo(origin)),
    );
    expect(limiter.inFlight()).toBe(2);
    await release(a!);
    expect(c?.result?.kind).toBe("granted");
    await release(b!);
    expect(e?.result?.kind).toBe("granted"); // c has had its turn
    expect(d?.result).toBeUndefined();
  });

  test("defers at once a request that would wait for long at an endpoint that hangs", async () => {
    const { limiter, clock } = scene(100, 1);
    await acquire(limiter, requestTo("a"));
    clock.nowMs += 1_000;
    const { result } = await acquire(limiter, requestTo("a"));
    expect(result).toMatchObject({ kind: "deferred", reason: "endpoint_busy" });
    if (result?.kind !== "deferred") return;
    expect(result.afterMs).toBeGreaterThan(1_000);
  });

  test("defers queued requests once their endpoint has become slow, from the tail", async () => {
    const { limiter, clock } = scene(100, 1);
    const first = await acquire(limiter, requestTo("a"));
    clock.nowMs += 20;
    await release(first); // it was fast
    await acquire(limiter, requestTo("a"));
    const waiting = await acquireAll(
      limiter,
      Array.from({ length: 5 }, () => requestTo("a")),
    );
    clock.nowMs += 110; // now it may take 440 ms
    await sweep(limiter);
    expect(waiting.map(({ result }) => result?.kind)).toEqual([
      undefined,
      "deferred",
      "deferred",
      "deferred",
      "deferred",
    ]);
    clock.nowMs += 1_000;
    await sweep(limiter);
    expect(waiting[0]?.result?.kind).toBe("deferred");
    expect(limiter.queued()).toBe(0);
  });

  test("gives each deferred request a slot of its own", async () => {
    const { limiter, clock } = scene(100, 1);
    const first = await acquire(limiter, requestTo("a"));
    clock.nowMs += 2_000;
    await release(first); // so it takes 2 s there
    await acquire(limiter, requestTo("a"));
    const all = await acquireAll(
      limiter,
      Array.from({ length: 4 }, () => requestTo("a")),
    );
    const slots = all.map(({ result }) => (result?.kind === "deferred" ? result.afterMs : 0));
    const intervalMs = 2_000 / 0.9;
    expect(slots).toEqual([0, 1, 2, 3].map((n) => Math.ceil(2_000 + n * intervalMs)));
  });

  test("keeps the limits of a subscription, without holding up others of its endpoint", async () => {
    const { limiter, clock } = scene(100, 10);
    const limits = { key: "one", maxInFlight: 1 };
    await acquire(limiter, requestTo("a", { limits }));
    clock.nowMs += 1_000;
    expect(await resultOf(limiter, requestTo("a", { limits }))).toMatchObject({
      kind: "deferred",
      reason: "endpoint_busy",
    });
    const other = { key: "other", maxInFlight: 1 };
    expect((await resultOf(limiter, requestTo("a", { limits: other })))?.kind).toBe("granted");
    expect((await resultOf(limiter, requestTo("a")))?.kind).toBe("granted");
  });

  test("keeps a subscription's rate, and says that it was the rate", async () => {
    const { limiter, clock } = scene(100, 10);
    const limits = { key: "one", rateLimit: { perSecond: 2, burst: 2 } };
    const all = await acquireAll(
      limiter,
      Array.from({ length: 4 }, () => requestTo("a", { limits })),
    );
    expect(all.map(({ result }) => result?.kind)).toEqual([
      "granted",
      "granted",
      "deferred",
      "deferred",
    ]);
    const slots = all.flatMap(({ result }) =>
      result?.kind === "deferred" ? [result.afterMs, result.reason] : [],
    );
    expect(slots).toEqual([500, "rate_limited", 1_000, "rate_limited"]);
    clock.nowMs += 500;
    expect((await resultOf(limiter, requestTo("a", { limits })))?.kind).toBe("deferred"); // a slot is reserved
    const returning = requestTo("a", { limits, deferrals: 1 });
    expect((await resultOf(limiter, returning))?.kind).toBe("granted");
  });

  test("queues a request that comes in its slot a moment before the rate allows it", async () => {
    const { limiter, clock } = scene(100, 10);
    const limits = { key: "one", rateLimit: { perSecond: 2, burst: 1 } };
    await acquire(limiter, requestTo("a", { limits }));
    clock.nowMs += 490;
    const early = await acquire(limiter, requestTo("a", { limits, deferrals: 1 }));
    expect(early.result).toBeUndefined();
    clock.nowMs += 10;
    await sweep(limiter);
    expect(early.result?.kind).toBe("granted");
  });

  test("ends all waiting when it closes, and grants nothing afterwards", async () => {
    const { limiter } = scene(1, 1);
    const inside = await acquire(limiter, requestTo("a"));
    const waiting = await acquireAll(limiter, [requestTo("a"), requestTo("b")]);
    limiter.close();
    await Promise.resolve();
    expect(waiting.map(({ result }) => result)).toEqual([{ kind: "closed" }, { kind: "closed" }]);
    expect(await resultOf(limiter, requestTo("c"))).toEqual({ kind: "closed" });
    await release(inside);
    expect([limiter.inFlight(), limiter.queued()]).toEqual([0, 0]);
  });
});

const MIB = 1024 * 1024;

const ofWorkspace = (workspaceId: string, n: number, bytes: number) =>
  requestTo(`${workspaceId}-${n}`, { workspaceId, bytes });

describe("bodies", () => {
  test("of one workspace never fill the room for all, and a request that finds none is deferred", async () => {
    const { limiter } = scene(1_000, 100);
    const many = await acquireAll(
      limiter,
      Array.from({ length: 200 }, (_, n) => ofWorkspace("w1", n, MIB)),
    );
    const inside = granted(many).length;
    expect(inside).toBeLessThan(0.8 * (MAX_BYTES_HELD / MIB));
    expect(inside).toBeGreaterThan(0.5 * (MAX_BYTES_HELD / MIB));
    expect(limiter.queued()).toBe(0);
    expect((await resultOf(limiter, ofWorkspace("w2", 0, MIB)))?.kind).toBe("granted");
    expect((await resultOf(limiter, ofWorkspace("w1", 999, 0)))?.kind).toBe("granted");
  });

  test("that were sent make room before there is a response, once each", async () => {
    const { limiter } = scene(1_000, 100);
    const all = await acquireAll(
      limiter,
      Array.from({ length: 200 }, (_, n) => ofWorkspace("w1", n, MIB)),
    );
    const inside = granted(all);
    for (const { result } of inside) {
      if (result?.kind !== "granted") continue;
      result.bodySent();
      result.bodySent();
    }
    expect(limiter.inFlight()).toBe(inside.length);
    const more = await acquireAll(
      limiter,
      Array.from({ length: 200 }, (_, n) => ofWorkspace("w1", 500 + n, MIB)),
    );
    const moreInside = granted(more).length;
    expect(moreInside).toBe(inside.length);
    await release(inside);
    expect((await resultOf(limiter, ofWorkspace("w1", 999, MIB)))?.kind).toBe("deferred");
  });
});

const atHost = (path: string, more: Partial<PermitRequest> = {}): PermitRequest =>
  requestTo("host", { destination: `https://host/${path}`, ...more });

describe("destinations of one origin", () => {
  test("do not wait for each other: each has a queue of its own", async () => {
    const { limiter, clock } = scene(4_096);
    for (let n = 0; n < 300; n += 1) await acquire(limiter, atHost("hangs"));
    clock.nowMs += 20_000;
    expect((await resultOf(limiter, atHost("hangs")))?.kind).toBe("deferred");
    expect((await resultOf(limiter, atHost("well")))?.kind).toBe("granted");
  });

  test("are asked one at a time, whichever it is, once none of eight connections came about", async () => {
    const { limiter, clock } = scene(4_096);
    const down: AttemptResult = { destination: "neutral", origin: "failure" };
    const first = await acquireAll(
      limiter,
      Array.from({ length: 8 }, (_, n) => atHost(`to-${n}`)),
    );
    clock.nowMs += 5_000;
    await release(first, down);
    const probe = await acquire(limiter, atHost("to-9"));
    expect(probe.result?.kind).toBe("granted");
    clock.nowMs += 1_000;
    const others = await acquireAll(
      limiter,
      Array.from({ length: 100 }, (_, n) => atHost(`to-${n}`)),
    );
    expect(new Set(others.map(({ result }) => result?.kind))).toEqual(new Set(["deferred"]));
    expect(others[0]?.result).toMatchObject({ reason: "origin_busy" });
    expect((await resultOf(limiter, requestTo("other")))?.kind).toBe("granted");
    await release(probe, { destination: "success", origin: "success" });
    const back = await acquireAll(
      limiter,
      Array.from({ length: 100 }, (_, n) => atHost(`to-${n}`, { deferrals: 1 })),
    );
    expect(granted(back)).toHaveLength(8);
  });

  test("of which one asked to be left alone: it alone is, for as long as it asked", async () => {
    const { limiter, clock } = scene(4_096);
    const { result } = await acquire(limiter, atHost("busy"));
    const asked = { destination: "failure", origin: "success", retryAfterMs: 90_000 } as const;
    if (result?.kind === "granted") result.release(asked);
    const deferred = await resultOf(limiter, atHost("busy"));
    expect(deferred?.kind === "deferred" && deferred.afterMs).toBe(90_000);
    expect((await resultOf(limiter, atHost("other")))?.kind).toBe("granted");
    clock.nowMs += 90_000;
    expect((await resultOf(limiter, atHost("busy", { deferrals: 1 })))?.kind).toBe("granted");
  });
});

test("no request takes the last free permit of a workspace or an origin, whatever hangs", async () => {
  const hanging = fc.record({ path: fc.nat(20), host: fc.nat(3), workspace: fc.nat(2) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(hanging, { maxLength: 300 }),
      fc.integer({ min: 24, max: 64 }),
      async (all, max) => {
        const { limiter, clock } = scene(max);
        const requests = all.map(({ path, host, workspace }) => {
          const origin = `https://host-${host}`;
          const destination = `${origin}/${path % 4}`;
          return requestTo("", { workspaceId: `w-${workspace}`, origin, destination });
        });
        await acquireAll(limiter, requests);
        clock.nowMs += 1;
        const at = {
          origin: "https://host-0",
          destination: "https://host-0/new",
          workspaceId: "w-0",
        };
        expect(limiter.inFlight()).toBeLessThan(max);
        expect((await resultOf(limiter, requestTo("", at)))?.kind).toBe("granted");
      },
    ),
    { numRuns: 60 },
  );
});

describe("an endpoint that comes back", () => {
  test("is met with eight attempts at once, and twice as many after each round that succeeds", async () => {
    const { limiter, clock } = scene(1_000, 64);
    for (let n = 0; n < 8; n += 1) await release(await acquire(limiter, requestTo("a")), "failure");
    const rounds: number[] = [];
    for (let n = 0; n < 5; n += 1) {
      const round = await acquireAll(
        limiter,
        Array.from({ length: 100 }, () => requestTo("a", { deferrals: 1 })),
      );
      const inside = granted(round);
      rounds.push(inside.length);
      clock.nowMs += 2_000;
      await sweep(limiter); // no queued request goes in between
      await release(inside);
    }
    expect(rounds).toEqual([8, 16, 32, 64, 64]);
  });
});

describe("a newcomer finds room", () => {
  const hangs = fc.record({ endpoint: fc.nat(), events: fc.integer({ min: 1, max: 40 }) });

  test("at any moment while no more endpoints hang than a quarter of the permits, whatever came when", async () => {
    const max = 64;
    const few = Math.floor(RESERVED_SHARE * max);
    await fc.assert(
      fc.asyncProperty(fc.array(hangs, { maxLength: 60 }), async (all) => {
        const { limiter, clock } = scene(max, 8);
        for (const { endpoint, events } of all) {
          const origin = `hangs-${endpoint % few}`;
          await acquireAll(
            limiter,
            Array.from({ length: events }, () => requestTo(origin)),
          );
          clock.nowMs += 300;
          await sweep(limiter);
          const newcomer = await acquire(limiter, requestTo("newcomer"));
          expect(newcomer.result?.kind).toBe("granted");
          await release(newcomer);
        }
      }),
    );
  });

  test("after the first deadline while fewer endpoints hang than there are permits", async () => {
    const max = 32;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: max - 1 }), fc.nat(20), async (count, events) => {
        const { limiter, clock } = scene(max, 8);
        const found: boolean[] = [];
        for (let round = 0; round < 6; round += 1) {
          const deferrals = Math.min(1, round);
          const requests = Array.from({ length: (events + 1) * count }, (_, n) =>
            requestTo(`hangs-${n % count}`, { deferrals }),
          );
          const hanging = await acquireAll(limiter, requests);
          clock.nowMs += DEADLINE_MS;
          await sweep(limiter);
          const newcomer = await acquire(limiter, requestTo(`new-${round}`));
          found.push(newcomer.result?.kind === "granted");
          await release(granted([...hanging, newcomer]), "failure");
        }
        expect(found.slice(1)).toEqual([true, true, true, true, true]);
      }),
      { numRuns: 50 },
    );
  });
});

test("whatever comes, the bounds hold, every request gets one result, and all permits come back", async () => {
  const step = fc.record({
    origin: fc.constantFrom("a", "b", "c", "d"),
    workspaceId: fc.constantFrom("w1", "w2"),
    deferrals: fc.nat(3),
    limited: fc.boolean(),
    leaves: fc.nat(5),
    signal: fc.constantFrom<Signal>("success", "failure", "neutral"),
    pauseMs: fc.integer({ min: 0, max: 700 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
      const { limiter, clock } = scene(6, 3);
      const inside: { key: string; acquired: Acquired }[] = [];
      const all: Acquired[] = [];
      for (const { origin, workspaceId, deferrals, limited, leaves, signal, pauseMs } of steps) {
        const limits = limited ? { key: `${workspaceId} ${origin}`, maxInFlight: 2 } : undefined;
        const acquired = await acquire(
          limiter,
          requestTo(origin, { workspaceId, deferrals, limits }),
        );
        all.push(acquired);
        inside.push({ key: `${workspaceId} ${origin}`, acquired });
        clock.nowMs += pauseMs;
        await sweep(limiter);
        const now = inside.filter(({ acquired: { result } }) => result?.kind === "granted");
        expect(now.length).toBe(limiter.inFlight());
        expect(now.length).toBeLessThanOrEqual(6);
        const perEndpoint = Object.groupBy(now, ({ key }) => key);
        const max = Math.max(0, ...Object.values(perEndpoint).map((some = []) => some.length));
        expect(max).toBeLessThanOrEqual(3);
        for (const one of now.slice(0, leaves)) {
          inside.splice(inside.indexOf(one), 1);
          await release(one.acquired, signal);
        }
      }
      for (let n = 0; n < 1_000 && inside.length > 0; n += 1) {
        clock.nowMs += 100;
        await sweep(limiter);
        const [one] = inside.splice(0, 1);
        if (one?.acquired.result?.kind === "granted") await release(one.acquired);
        else if (one !== undefined && one.acquired.result === undefined) inside.push(one);
      }
      expect(all.every(({ result }) => result !== undefined)).toBe(true);
      expect([limiter.inFlight(), limiter.queued()]).toEqual([0, 0]);
    }),
  );
});

describe("what is usable", () => {
  test.each([1, 3, 10])(
    "is what %d workspaces really come to whose endpoints hang: more is not to be had",
    async (workspaces) => {
      const { limiter } = scene(1_000);
      const hosts = Array.from({ length: workspaces * 6 }, (_, n) => n);
      const workspaceOf = (host: number) => ({ workspaceId: `w${host % workspaces}` });
      for (let round = 0; round < 150; round += 1) {
        await acquireAll(
          limiter,
          hosts.map((host) => requestTo(`h${host}`, workspaceOf(host))),
        );
      }
      const share = limiter.inFlight() / limiter.usable();
      expect(share).toBeGreaterThan(0.9);
      expect(share).toBeLessThanOrEqual(1.1); // an idle endpoint may have one permit of the reserve
      expect(limiter.inFlight()).toBeLessThan(0.75 * 1_000 + hosts.length);
    },
  );

  test("is a share of one workspace again when the others have nothing in flight", async () => {
    const { limiter } = scene(1_000);
    const alone = limiter.usable();
    const all = await acquireAll(
      limiter,
      ["a", "b", "c"].map((name) => requestTo(name)),
    );
    expect(limiter.usable()).toBeGreaterThan(alone);
    await release(all);
    expect(limiter.usable()).toBe(alone);
  });
});
