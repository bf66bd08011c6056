import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createGate, type Gate, type Passage } from "./gate.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const gateFor = (maxInFlight: number, endpointMaxInFlight: number): Gate =>
  createGate({ maxInFlight, endpointMaxInFlight }, () => Date.now());

/** What a promise has come to by now, without waiting for anything. */
const settledNow = async <T>(promise: Promise<T>): Promise<T | "waiting"> => {
  await vi.advanceTimersByTimeAsync(0);
  return Promise.race([promise, Promise.resolve("waiting" as const)]);
};

const leave = (passage: Passage | "waiting", durationMs = 10): void => {
  if (passage === "waiting" || passage.kind !== "admitted") throw new Error("is not inside");
  passage.release(durationMs);
};

describe("the gate", () => {
  test("lets as many to one endpoint at once as its limit says, and the next when one leaves", async () => {
    const gate = gateFor(100, 2);
    const [first, , third] = ["a", "a", "a"].map((origin) => gate.ask("w1", origin, false));
    expect(gate.inFlight()).toBe(2);
    expect(await settledNow(third!)).toBe("waiting");
    leave(await first!);
    expect(await third).toMatchObject({ kind: "admitted" });
    expect(gate.inFlight()).toBe(2);
  });

  test("counts the same origin of another workspace as another endpoint", async () => {
    const gate = gateFor(100, 1);
    await gate.ask("w1", "a", false);
    expect(await settledNow(gate.ask("w2", "a", false))).toMatchObject({ kind: "admitted" });
    expect(await settledNow(gate.ask("w1", "a", false))).toBe("waiting");
  });

  test("lets as many at once as the process may have, and then in the order of asking", async () => {
    const gate = gateFor(2, 100);
    const passages = ["a", "b", "c", "d"].map((origin) => gate.ask("w1", origin, false));
    leave(await passages[0]!);
    expect(await settledNow(passages[2]!)).toMatchObject({ kind: "admitted" });
    expect(await settledNow(passages[3]!)).toBe("waiting");
    expect(gate.inFlight()).toBe(2);
  });

  test("sends away who waited in line for a second, to come back later", async () => {
    const gate = gateFor(100, 1);
    await gate.ask("w1", "a", false);
    const waiting = gate.ask("w1", "a", false);
    await vi.advanceTimersByTimeAsync(1_000);
    const passage = await waiting;
    expect(passage).toMatchObject({ kind: "deferred" });
    expect(passage.kind === "deferred" && passage.atMs).toBeGreaterThan(Date.now());
  });

  test("wakes everyone who waits when it closes, and lets nobody in afterwards", async () => {
    const gate = gateFor(1, 1);
    const inside = await gate.ask("w1", "a", false);
    const waiting = [gate.ask("w1", "a", false), gate.ask("w1", "b", false)];
    gate.close();
    expect(await Promise.all(waiting)).toEqual([{ kind: "closed" }, { kind: "closed" }]);
    expect(await gate.ask("w1", "c", false)).toEqual({ kind: "closed" });
    leave(inside);
    expect(gate.inFlight()).toBe(0);
  });

  test("does not hold up one endpoint for another's line", async () => {
    const gate = gateFor(10, 1);
    await gate.ask("w1", "slow", false);
    const inLine = Array.from({ length: 16 }, () => gate.ask("w1", "slow", false));
    expect(await settledNow(gate.ask("w1", "fast", false))).toMatchObject({ kind: "admitted" });
    gate.close();
    await Promise.all(inLine);
  });
});

test("whatever comes, the limits hold, everyone gets an answer, and all places come back", async () => {
  const step = fc.record({
    origin: fc.constantFrom("a", "b", "c"),
    isReturning: fc.boolean(),
    staysMs: fc.integer({ min: 0, max: 3_000 }),
    pauseMs: fc.integer({ min: 0, max: 400 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const gate = gateFor(3, 2);
      const inside = new Map<string, number>();
      const answers: Promise<string>[] = [];
      for (const { origin, isReturning, staysMs, pauseMs } of steps) {
        answers.push(
          gate.ask("w1", origin, isReturning).then((passage) => {
            if (passage.kind !== "admitted") return passage.kind;
            const now = (inside.get(origin) ?? 0) + 1;
            inside.set(origin, now);
            expect(now).toBeLessThanOrEqual(2);
            expect(gate.inFlight()).toBeLessThanOrEqual(3);
            setTimeout(() => {
              inside.set(origin, (inside.get(origin) ?? 0) - 1);
              passage.release(staysMs);
            }, staysMs);
            return passage.kind;
          }),
        );
        await vi.advanceTimersByTimeAsync(pauseMs);
      }
      await vi.advanceTimersByTimeAsync(300_000);
      expect(await Promise.all(answers)).not.toContain("closed");
      expect(gate.inFlight()).toBe(0);
      expect(await settledNow(gate.ask("w1", "a", false))).toMatchObject({ kind: "admitted" });
    }),
    { numRuns: 50 },
  );
});
