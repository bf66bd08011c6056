import { describe, expect, test } from "vitest";
import { createPools } from "./pools.ts";

const IDLE_MS = 1_000;

/** Pools of nothing, that note their end. */
const scene = (maxPools: number) => {
  const ended: string[] = [];
  let nowMs = 0;
  const pools = createPools({
    open: (workspaceId, origin) => {
      const name = `${workspaceId} ${origin}`;
      const end = async (): Promise<void> => void ended.push(name);
      return { name, close: end, destroy: end };
    },
    maxPools,
    idleMs: IDLE_MS,
    now: () => nowMs,
  });
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { pools, ended, pass };
};

describe("pools of connections", () => {
  test("are the same for a workspace and origin, and never for another workspace", () => {
    const { pools } = scene(10);
    const { pool } = pools.use("w1", "https://a.test");
    expect(pools.use("w1", "https://a.test").pool).toBe(pool);
    expect(pools.use("w2", "https://a.test").pool).not.toBe(pool);
    expect(pools.use("w1", "https://b.test").pool).not.toBe(pool);
    expect(pools.size()).toBe(3);
  });

  test("are bounded: the one idle longest is closed first, and none in use", () => {
    const { pools, ended } = scene(3);
    const [a, b, c] = ["a", "b", "c"].map((origin) => pools.use("w1", origin));
    b?.done();
    a?.done();
    pools.use("w1", "d");
    expect(ended).toEqual(["w1 b"]);
    pools.use("w1", "e");
    expect(ended).toEqual(["w1 b", "w1 a"]);
    c?.done();
    pools.use("w1", "f");
    expect(ended).toEqual(["w1 b", "w1 a", "w1 c"]);
    expect(pools.size()).toBe(3);
  });

  test("of a workspace with more than its share are closed first, however long others' are idle", () => {
    const { pools, ended } = scene(8);
    pools.use("w1", "a").done();
    for (const origin of ["a", "b", "c", "d", "e", "f", "g"]) pools.use("w2", origin).done();
    pools.use("w3", "a").done();
    expect(ended).toEqual(["w2 a"]);
    pools.use("w2", "h").done();
    expect(ended).toEqual(["w2 a", "w2 b"]);
  });

  test("that are used again are not idle any more", () => {
    const { pools, ended } = scene(2);
    pools.use("w1", "a").done();
    pools.use("w1", "b").done();
    const again = pools.use("w1", "a");
    again.done();
    pools.use("w1", "c");
    expect(ended).toEqual(["w1 b"]);
  });

  test("that were idle for long are closed with the next new one", () => {
    const { pools, ended, pass } = scene(10);
    pools.use("w1", "a").done();
    pass(IDLE_MS - 1);
    pools.use("w1", "b").done();
    expect(ended).toEqual([]);
    pass(1);
    pools.use("w1", "c").done();
    expect(ended).toEqual(["w1 a"]);
  });

  test("stay bounded over thousands of origins", () => {
    const { pools, ended } = scene(8);
    for (let n = 0; n < 5_000; n += 1) pools.use(`w${n % 7}`, `origin-${n}`).done();
    expect([pools.size(), ended.length]).toEqual([8, 4_992]);
  });

  test("are all destroyed at the end, those in use too", async () => {
    const { pools, ended } = scene(8);
    pools.use("w1", "a");
    pools.use("w1", "b").done();
    await pools.destroy();
    expect(ended).toEqual(["w1 a", "w1 b"]);
  });
});
