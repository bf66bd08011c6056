import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isNetworkOutage, type ReachSigns } from "./network-outage.ts";

const NOW_MS = 1_000_000;

/** So many endpoints that were and were not reached, all `agoMs` before now. */
const ofOne = (reached: number, unreached: number, agoMs = 0): ReachSigns =>
  new Map(
    Array.from({ length: reached + unreached }, (_, n) => [
      `https://endpoint-${n}.example`,
      { atMs: NOW_MS - agoMs, reached: n < reached },
    ]),
  );

const signs = (...counts: Parameters<typeof ofOne>) => new Map([["w1", ofOne(...counts)]]);

describe("our own network is blamed when nearly every endpoint cannot be reached", () => {
  test.each([
    { reached: 0, unreached: 8, blamed: true },
    { reached: 0, unreached: 7, blamed: false },
    { reached: 1, unreached: 7, blamed: false },
    { reached: 1, unreached: 9, blamed: true },
    { reached: 2, unreached: 17, blamed: false },
    { reached: 2, unreached: 18, blamed: true },
    { reached: 10, unreached: 0, blamed: false },
    { reached: 0, unreached: 0, blamed: false },
  ])("$reached reached, $unreached not: $blamed", ({ reached, unreached, blamed }) => {
    expect(isNetworkOutage(signs(reached, unreached), NOW_MS)).toBe(blamed);
  });
});

test("signs that are older than 30 s do not count", () => {
  expect(isNetworkOutage(signs(0, 8, 30_000), NOW_MS)).toBe(true);
  expect(isNetworkOutage(signs(0, 8, 30_001), NOW_MS)).toBe(false);
});

test("one endpoint more that is reached never makes it our own network's fault", () => {
  const counts = fc.nat({ max: 60 });
  fc.assert(
    fc.property(counts, counts, (reached, unreached) => {
      const before = isNetworkOutage(signs(reached, unreached), NOW_MS);
      const after = isNetworkOutage(signs(reached + 1, unreached), NOW_MS);
      expect(after && !before).toBe(false);
    }),
  );
});

describe("one workspace's endpoints alone say nothing where another's are reached", () => {
  test.each([
    { reached: 5, unreached: 0, blamed: false },
    { reached: 0, unreached: 1, blamed: true },
    { reached: 1, unreached: 9, blamed: true },
    { reached: 1, unreached: 8, blamed: false },
  ])("200 not, of another $reached and $unreached not: $blamed", (other) => {
    const all = new Map([
      ["w1", ofOne(0, 200)],
      ["w2", ofOne(other.reached, other.unreached)],
    ]);
    expect(isNetworkOutage(all, NOW_MS)).toBe(other.blamed);
  });

  test("signs of a workspace that are old do not speak for it", () => {
    const old = new Map([
      ["w1", ofOne(0, 8)],
      ["w2", ofOne(5, 0, 30_001)],
    ]);
    expect(isNetworkOutage(old, NOW_MS)).toBe(true);
  });
});
