import { describe, expect, test } from "vitest";
import { lookupSlots } from "./lookup-slots.ts";

const LIMITS = { perWorkspace: 2, max: 3, waitMs: 60_000 };

describe("slots for lookups", () => {
  test("are held for one workspace's sake by that workspace alone", async () => {
    const slotFor = lookupSlots({ ...LIMITS, waitMs: 20 });
    const first = await slotFor("w1");
    await slotFor("w1");
    expect(await slotFor("w1")).toBeUndefined();
    expect(await slotFor("w2")).toBeTypeOf("function");
    first?.();
    expect(await slotFor("w1")).toBeTypeOf("function");
  });

  test("are bounded for all together", async () => {
    const slotFor = lookupSlots({ ...LIMITS, waitMs: 20 });
    for (const workspace of ["w1", "w2", "w3"]) await slotFor(workspace);
    expect(await slotFor("w4")).toBeUndefined();
  });

  test("go to whoever waited longest and may have one", async () => {
    const slotFor = lookupSlots(LIMITS);
    const [one] = [await slotFor("w1"), await slotFor("w1")];
    const other = await slotFor("w2");
    const admitted: string[] = [];
    const waiting = ["w1", "w3", "w1"].map(async (workspaceId, n) => {
      const release = await slotFor(workspaceId);
      admitted.push(`${n} ${workspaceId}`);
      return release;
    });
    other?.(); // w1 has all that it may have: w3 is next
    const third = await waiting[1];
    expect(admitted).toEqual(["1 w3"]);
    one?.();
    const first = await waiting[0];
    expect(admitted).toEqual(["1 w3", "0 w1"]);
    third?.();
    first?.();
    await Promise.all(waiting);
    expect(admitted).toEqual(["1 w3", "0 w1", "2 w1"]);
  });
});

describe("what is free", () => {
  test("may be lent to one workspace, up to half of all", async () => {
    const slotFor = lookupSlots({ perWorkspace: 1, max: 10, waitMs: 20 });
    const taken = await Promise.all(Array.from({ length: 8 }, () => slotFor("w1")));
    expect(taken.filter((one) => one !== undefined)).toHaveLength(5);
    expect(await slotFor("w2")).toBeTypeOf("function");
  });

  test("goes to each workspace in turn, however many wait for one of them", async () => {
    const slotFor = lookupSlots({ perWorkspace: 1, max: 1, waitMs: 60_000 });
    const first = await slotFor("w0");
    const order: string[] = [];
    const waiting = ["w1", "w1", "w1", "w2", "w3"].map(async (workspaceId) => {
      const release = await slotFor(workspaceId);
      order.push(workspaceId);
      release?.();
    });
    first?.();
    await Promise.all(waiting);
    expect(order).toEqual(["w1", "w2", "w3", "w1", "w1"]);
  });
});
