import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Asking, Passage } from "./permit-request.ts";
import type { Condition, Verdict } from "../delivery/decide/endpoint-signal.ts";
import { MAX_BYTES_HELD } from "./decide/permit.ts";
import { RESERVED_SHARE } from "./decide/shares.ts";
import { createGate, type Gate } from "./limiter.ts";

const DEADLINE_MS = 30_000;

/** A gate in time that is moved by hand. */
const scene = (maxInFlight: number, destinationMaxInFlight?: number) => {
  const clock = { nowMs: 1_000_000 };
  const gate = createGate({ maxInFlight, destinationMaxInFlight }, () => clock.nowMs);
  return { clock, gate };
};

/** One at a host of its own, and of a workspace of its own. */
const asking = (name: string, more: Partial<Asking> = {}): Asking => ({
  workspaceId: `of ${name}`,
  destination: `https://${name}/hook`,
  origin: `https://${name}`,
  deferrals: 0,
  timeoutMs: DEADLINE_MS,
  bytes: 1_000,
  ...more,
});

/** Asks; the answer is there at once, or once something else has happened. */
const ask = (gate: Gate, what: Asking): { passage?: Passage } => {
  const told: { passage?: Passage } = {};
  gate.ask(what, (passage) => {
    expect(told.passage).toBeUndefined();
    told.passage = passage;
  });
  return told;
};

const leave = ({ passage }: { passage?: Passage }, verdict: Condition | Verdict = "well"): void => {
  if (passage?.kind !== "admitted") throw new Error(`is ${passage?.kind ?? "waiting"}`);
  const both = { destination: verdict as Condition, origin: "well" } as const;
  passage.release(typeof verdict === "string" ? both : verdict);
};

describe("the gate", () => {
  test("lets as many to one endpoint at once as its limit says, and the next when one leaves", () => {
    const { gate } = scene(100, 2);
    const [first, , third] = ["a", "a", "a"].map((origin) => ask(gate, asking(origin)));
    expect(gate.inFlight()).toBe(2);
    expect(third?.passage).toBeUndefined();
    expect(gate.inLine()).toBe(1);
    leave(first!);
    expect(third?.passage?.kind).toBe("admitted");
    expect([gate.inFlight(), gate.inLine()]).toEqual([2, 0]);
  });

  test("counts the same origin of another workspace as another endpoint", () => {
    const { gate } = scene(100, 1);
    ask(gate, asking("a", { workspaceId: "w1" }));
    expect(ask(gate, asking("a", { workspaceId: "w2" })).passage?.kind).toBe("admitted");
    expect(ask(gate, asking("a", { workspaceId: "w1" })).passage).toBeUndefined();
  });

  test("lets as many at once as the process may have, and then endpoint after endpoint", () => {
    const { gate } = scene(2, 100);
    const [a, b, c, d, e] = ["a", "b", "c", "c", "d"].map((origin) => ask(gate, asking(origin)));
    expect(gate.inFlight()).toBe(2);
    leave(a!);
    expect(c?.passage?.kind).toBe("admitted");
    leave(b!);
    expect(e?.passage?.kind).toBe("admitted"); // c has had its turn
    expect(d?.passage).toBeUndefined();
  });

  test("sends away, at once, who would wait for long at an endpoint that hangs", () => {
    const { gate, clock } = scene(100, 1);
    ask(gate, asking("a"));
    clock.nowMs += 1_000;
    const { passage } = ask(gate, asking("a"));
    expect(passage).toMatchObject({ kind: "deferred", reason: "endpoint_busy" });
    if (passage?.kind !== "deferred") return;
    expect(passage.afterMs).toBeGreaterThan(1_000);
  });

  test("sends those in line away once their endpoint has become slow, the last ones first", () => {
    const { gate, clock } = scene(100, 1);
    const first = ask(gate, asking("a"));
    clock.nowMs += 20;
    leave(first); // it was fast
    ask(gate, asking("a"));
    const waiting = Array.from({ length: 5 }, () => ask(gate, asking("a")));
    clock.nowMs += 110; // now it may take 440 ms
    gate.sweep();
    expect(waiting.map(({ passage }) => passage?.kind)).toEqual([
      undefined,
      "deferred",
      "deferred",
      "deferred",
      "deferred",
    ]);
    clock.nowMs += 1_000;
    gate.sweep();
    expect(waiting[0]?.passage?.kind).toBe("deferred");
    expect(gate.inLine()).toBe(0);
  });

  test("gives each that it sends away a slot of its own", () => {
    const { gate, clock } = scene(100, 1);
    const first = ask(gate, asking("a"));
    clock.nowMs += 2_000;
    leave(first); // so it takes 2 s there
    ask(gate, asking("a"));
    const slots = Array.from({ length: 4 }, () => {
      const { passage } = ask(gate, asking("a"));
      return passage?.kind === "deferred" ? passage.afterMs : 0;
    });
    const paceMs = 2_000 / 0.9;
    expect(slots).toEqual([0, 1, 2, 3].map((n) => Math.ceil(2_000 + n * paceMs)));
  });

  test("keeps the limits of a subscription, without holding up others of its endpoint", () => {
    const { gate, clock } = scene(100, 10);
    const limits = { key: "one", maxInFlight: 1 };
    ask(gate, asking("a", { limits }));
    clock.nowMs += 1_000;
    expect(ask(gate, asking("a", { limits })).passage).toMatchObject({
      kind: "deferred",
      reason: "endpoint_busy",
    });
    const other = { key: "other", maxInFlight: 1 };
    expect(ask(gate, asking("a", { limits: other })).passage?.kind).toBe("admitted");
    expect(ask(gate, asking("a")).passage?.kind).toBe("admitted");
  });

  test("keeps a subscription's rate, and says that it was the rate", () => {
    const { gate, clock } = scene(100, 10);
    const limits = { key: "one", rateLimit: { perSecond: 2, burst: 2 } };
    const kinds = [1, 2, 3, 4].map(() => ask(gate, asking("a", { limits })).passage);
    expect(kinds.map((passage) => passage?.kind)).toEqual([
      "admitted",
      "admitted",
      "deferred",
      "deferred",
    ]);
    const slots = kinds.flatMap((passage) =>
      passage?.kind === "deferred" ? [passage.afterMs, passage.reason] : [],
    );
    expect(slots).toEqual([500, "rate_limited", 1_000, "rate_limited"]);
    clock.nowMs += 500;
    expect(ask(gate, asking("a", { limits })).passage?.kind).toBe("deferred"); // a slot is promised
    const returning = asking("a", { limits, deferrals: 1 });
    expect(ask(gate, returning).passage?.kind).toBe("admitted");
  });

  test("lets those in who come in their slot a moment before the rate allows it", () => {
    const { gate, clock } = scene(100, 10);
    const limits = { key: "one", rateLimit: { perSecond: 2, burst: 1 } };
    ask(gate, asking("a", { limits }));
    clock.nowMs += 490;
    const early = ask(gate, asking("a", { limits, deferrals: 1 }));
    expect(early.passage).toBeUndefined();
    clock.nowMs += 10;
    gate.sweep();
    expect(early.passage?.kind).toBe("admitted");
  });

  test("wakes everyone who waits when it closes, and lets nobody in afterwards", () => {
    const { gate } = scene(1, 1);
    const inside = ask(gate, asking("a"));
    const waiting = [ask(gate, asking("a")), ask(gate, asking("b"))];
    gate.close();
    expect(waiting.map(({ passage }) => passage)).toEqual([{ kind: "closed" }, { kind: "closed" }]);
    expect(ask(gate, asking("c")).passage).toEqual({ kind: "closed" });
    leave(inside);
    expect([gate.inFlight(), gate.inLine()]).toEqual([0, 0]);
  });
});

const MIB = 1024 * 1024;

const ofWorkspace = (workspaceId: string, n: number, bytes: number) =>
  asking(`${workspaceId}-${n}`, { workspaceId, bytes });

describe("bodies", () => {
  test("of one workspace never fill the room for all, and those that find none are sent away", () => {
    const { gate } = scene(1_000, 100);
    const many = Array.from({ length: 200 }, (_, n) => ask(gate, ofWorkspace("w1", n, MIB)));
    const inside = many.filter(({ passage }) => passage?.kind === "admitted").length;
    expect(inside).toBeLessThan(0.8 * (MAX_BYTES_HELD / MIB));
    expect(inside).toBeGreaterThan(0.5 * (MAX_BYTES_HELD / MIB));
    expect(gate.inLine()).toBe(0);
    expect(ask(gate, ofWorkspace("w2", 0, MIB)).passage?.kind).toBe("admitted");
    expect(ask(gate, ofWorkspace("w1", 999, 0)).passage?.kind).toBe("admitted");
  });

  test("that were sent make room before there is an answer, once each", () => {
    const { gate } = scene(1_000, 100);
    const all = Array.from({ length: 200 }, (_, n) => ask(gate, ofWorkspace("w1", n, MIB)));
    const inside = all.filter(({ passage }) => passage?.kind === "admitted");
    for (const { passage } of inside) {
      if (passage?.kind !== "admitted") continue;
      passage.bodySent();
      passage.bodySent();
    }
    expect(gate.inFlight()).toBe(inside.length);
    const more = Array.from({ length: 200 }, (_, n) => ask(gate, ofWorkspace("w1", 500 + n, MIB)));
    const moreInside = more.filter(({ passage }) => passage?.kind === "admitted").length;
    expect(moreInside).toBe(inside.length);
    for (const one of inside) leave(one);
    expect(ask(gate, ofWorkspace("w1", 999, MIB)).passage?.kind).toBe("deferred");
  });
});

const atHost = (path: string, more: Partial<Asking> = {}): Asking =>
  asking("host", { destination: `https://host/${path}`, ...more });

describe("destinations of one origin", () => {
  test("do not wait for each other: what hangs at one has a line of its own", () => {
    const { gate, clock } = scene(4_096);
    for (let n = 0; n < 300; n += 1) ask(gate, atHost("hangs"));
    clock.nowMs += 20_000;
    expect(ask(gate, atHost("hangs")).passage?.kind).toBe("deferred");
    expect(ask(gate, atHost("well")).passage?.kind).toBe("admitted");
  });

  test("are asked one at a time, whichever it is, once none of eight connections came about", () => {
    const { gate, clock } = scene(4_096);
    const down: Verdict = { destination: "unknown", origin: "failing" };
    const first = Array.from({ length: 8 }, (_, n) => ask(gate, atHost(`to-${n}`)));
    clock.nowMs += 5_000;
    for (const one of first) leave(one, down);
    const probe = ask(gate, atHost("to-9"));
    expect(probe.passage?.kind).toBe("admitted");
    clock.nowMs += 1_000;
    const others = Array.from({ length: 100 }, (_, n) => ask(gate, atHost(`to-${n}`)));
    expect(new Set(others.map(({ passage }) => passage?.kind))).toEqual(new Set(["deferred"]));
    expect(others[0]?.passage).toMatchObject({ reason: "origin_busy" });
    expect(ask(gate, asking("other")).passage?.kind).toBe("admitted");
    leave(probe, { destination: "well", origin: "well" });
    const back = Array.from({ length: 100 }, (_, n) =>
      ask(gate, atHost(`to-${n}`, { deferrals: 1 })),
    );
    expect(back.filter(({ passage }) => passage?.kind === "admitted")).toHaveLength(8);
  });

  test("of which one asked to be left alone: it alone is, for as long as it asked", () => {
    const { gate, clock } = scene(4_096);
    const { passage } = ask(gate, atHost("busy"));
    const asked = { destination: "failing", origin: "well", askedMs: 90_000 } as const;
    if (passage?.kind === "admitted") passage.release(asked);
    const sentAway = ask(gate, atHost("busy")).passage;
    expect(sentAway?.kind === "deferred" && sentAway.afterMs).toBe(90_000);
    expect(ask(gate, atHost("other")).passage?.kind).toBe("admitted");
    clock.nowMs += 90_000;
    expect(ask(gate, atHost("busy", { deferrals: 1 })).passage?.kind).toBe("admitted");
  });
});

test("nobody takes the last free permit of a workspace or an origin, whatever hangs", () => {
  const hanging = fc.record({ path: fc.nat(20), host: fc.nat(3), workspace: fc.nat(2) });
  fc.assert(
    fc.property(
      fc.array(hanging, { maxLength: 300 }),
      fc.integer({ min: 24, max: 64 }),
      (all, most) => {
        const { gate, clock } = scene(most);
        for (const { path, host, workspace } of all) {
          const origin = `https://host-${host}`;
          const workspaceId = `w-${workspace}`;
          ask(gate, asking("", { workspaceId, origin, destination: `${origin}/${path % 4}` }));
        }
        clock.nowMs += 1;
        const at = {
          origin: "https://host-0",
          destination: "https://host-0/new",
          workspaceId: "w-0",
        };
        expect(gate.inFlight()).toBeLessThan(most);
        expect(ask(gate, asking("", at)).passage?.kind).toBe("admitted");
      },
    ),
    { numRuns: 60 },
  );
});

describe("an endpoint that comes back", () => {
  test("is met with eight attempts at once, and twice as many after each round that succeeds", () => {
    const { gate, clock } = scene(1_000, 64);
    for (let n = 0; n < 8; n += 1) leave(ask(gate, asking("a")), "failing");
    const rounds = Array.from({ length: 5 }, () => {
      const round = Array.from({ length: 100 }, () => ask(gate, asking("a", { deferrals: 1 })));
      const inside = round.filter(({ passage }) => passage?.kind === "admitted");
      const size = inside.length;
      clock.nowMs += 2_000;
      gate.sweep(); // nobody in line goes in between
      for (const one of inside) leave(one);
      return size;
    });
    expect(rounds).toEqual([8, 16, 32, 64, 64]);
  });
});

describe("a newcomer finds room", () => {
  const hangs = fc.record({ endpoint: fc.nat(), events: fc.integer({ min: 1, max: 40 }) });

  test("at any moment while no more endpoints hang than a quarter of the places, whatever came when", () => {
    const most = 64;
    const few = Math.floor(RESERVED_SHARE * most);
    fc.assert(
      fc.property(fc.array(hangs, { maxLength: 60 }), (all) => {
        const { gate, clock } = scene(most, 8);
        for (const { endpoint, events } of all) {
          const origin = `hangs-${endpoint % few}`;
          for (let n = 0; n < events; n += 1) ask(gate, asking(origin));
          clock.nowMs += 300;
          gate.sweep();
          const newcomer = ask(gate, asking("newcomer"));
          expect(newcomer.passage?.kind).toBe("admitted");
          leave(newcomer);
        }
      }),
    );
  });

  test("after the first deadline while fewer endpoints hang than there are places", () => {
    const most = 32;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: most - 1 }), fc.nat(20), (count, events) => {
        const { gate, clock } = scene(most, 8);
        const found: boolean[] = [];
        for (let round = 0; round < 6; round += 1) {
          const inside: { passage?: Passage }[] = [];
          for (let n = 0; n < (events + 1) * count; n += 1) {
            inside.push(ask(gate, asking(`hangs-${n % count}`, { deferrals: Math.min(1, round) })));
          }
          clock.nowMs += DEADLINE_MS;
          gate.sweep();
          const newcomer = ask(gate, asking(`new-${round}`));
          found.push(newcomer.passage?.kind === "admitted");
          for (const one of [...inside, newcomer]) {
            if (one.passage?.kind === "admitted") leave(one, "failing");
          }
        }
        expect(found.slice(1)).toEqual([true, true, true, true, true]);
      }),
      { numRuns: 50 },
    );
  });
});

test("whatever comes, the bounds hold, everyone gets one answer, and all places come back", () => {
  const step = fc.record({
    origin: fc.constantFrom("a", "b", "c", "d"),
    workspaceId: fc.constantFrom("w1", "w2"),
    deferrals: fc.nat(3),
    limited: fc.boolean(),
    leaves: fc.nat(5),
    condition: fc.constantFrom<Condition>("well", "failing", "unknown"),
    pauseMs: fc.integer({ min: 0, max: 700 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const { gate, clock } = scene(6, 3);
      const inside: { key: string; told: { passage?: Passage } }[] = [];
      const asked: { passage?: Passage }[] = [];
      for (const { origin, workspaceId, deferrals, limited, leaves, condition, pauseMs } of steps) {
        const limits = limited ? { key: `${workspaceId} ${origin}`, maxInFlight: 2 } : undefined;
        const told = ask(gate, asking(origin, { workspaceId, deferrals, limits }));
        asked.push(told);
        inside.push({ key: `${workspaceId} ${origin}`, told });
        clock.nowMs += pauseMs;
        gate.sweep();
        const now = inside.filter(({ told: { passage } }) => passage?.kind === "admitted");
        expect(now.length).toBe(gate.inFlight());
        expect(now.length).toBeLessThanOrEqual(6);
        const perEndpoint = Object.groupBy(now, ({ key }) => key);
        const most = Math.max(0, ...Object.values(perEndpoint).map((some = []) => some.length));
        expect(most).toBeLessThanOrEqual(3);
        for (const one of now.slice(0, leaves)) {
          inside.splice(inside.indexOf(one), 1);
          leave(one.told, condition);
        }
      }
      for (let n = 0; n < 1_000 && inside.length > 0; n += 1) {
        clock.nowMs += 100;
        gate.sweep();
        const [one] = inside.splice(0, 1);
        if (one?.told.passage?.kind === "admitted") leave(one.told);
        else if (one !== undefined && one.told.passage === undefined) inside.push(one);
      }
      expect(asked.every(({ passage }) => passage !== undefined)).toBe(true);
      expect([gate.inFlight(), gate.inLine()]).toEqual([0, 0]);
    }),
  );
});
