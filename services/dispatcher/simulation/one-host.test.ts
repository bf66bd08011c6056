import { describe, expect, test } from "vitest";
import { atRandom, seededRandom } from "./arrivals.ts";
import { DEADLINE_MS, simulate, type Behaviour, type SimulatedEndpoint } from "./simulate.ts";

const LIMITS = { maxInFlight: 4_096 };
const MINUTE_MS = 60_000;
const BRIEF_MS = 20_000;

const answersIn =
  (aboutMs: number): Behaviour =>
  (_, random) => ({ durationMs: aboutMs * (0.9 + 0.2 * random()), signal: "success" });

const hangs: Behaviour = () => ({ durationMs: DEADLINE_MS, signal: "failure" });

/** Nobody takes the connection: known after 5 s. */
const isDown: Behaviour = () => ({ durationMs: 5_000, signal: "neutral", isBelowHttp: true });

const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? 0;

describe("100 destinations of one host, 300 events a second", () => {
  test.each([0, 1, 10, 30])("of which %i hang: the others wait for nothing", async (hanging) => {
    const random = seededRandom(hanging + 1);
    const endpoints = Array.from({ length: 100 }, (_, n) => ({
      name: n < hanging ? `hangs-${n}` : `well-${n}`,
      workspaceId: "w",
      host: "one",
      behaviour: n < hanging ? hangs : answersIn(5),
      arrivalsMs: atRandom(3, BRIEF_MS, random),
    }));
    const story = await simulate(endpoints, LIMITS, random);
    const waits = endpoints
      .filter(({ behaviour }) => behaviour !== hangs)
      .flatMap(({ name }) => story.of.get(name)?.waitsMs ?? []);
    expect(percentile(waits, 0.999)).toBe(0);
    expect(Math.max(...waits)).toBeLessThan(50);
    expect(story.left).toBe(0);
  });

  test("one of which hangs that gets half of all events: the others wait for nothing", async () => {
    const random = seededRandom(4);
    const endpoints = Array.from({ length: 100 }, (_, n) => ({
      name: `to-${n}`,
      workspaceId: "w",
      host: "one",
      behaviour: n === 0 ? hangs : answersIn(5),
      arrivalsMs: atRandom(n === 0 ? 150 : 1.5, BRIEF_MS, random),
    }));
    const story = await simulate(endpoints, LIMITS, random);
    const waits = endpoints.slice(1).flatMap(({ name }) => story.of.get(name)?.waitsMs ?? []);
    expect(percentile(waits, 0.999)).toBe(0);
  });
});

describe("a destination that answers, and takes its time", () => {
  test.each([
    { ms: 500, perSecond: 50 },
    { ms: 500, perSecond: 200 },
    { ms: 2_000, perSecond: 50 },
    { ms: 2_000, perSecond: 200 },
    { ms: 10_000, perSecond: 50, from: 35_000 },
  ])(
    "$ms ms at $perSecond/s keeps up from the fifth second, beside 99 that are fast",
    async (given) => {
      const { ms, perSecond, from = 5_000 } = given;
      const random = seededRandom(ms + perSecond);
      const slow = {
        name: "slow",
        workspaceId: "w",
        host: "one",
        behaviour: answersIn(ms),
        arrivalsMs: atRandom(perSecond, MINUTE_MS, random),
      };
      const fast = Array.from({ length: 99 }, (_, n) => ({
        name: `fast-${n}`,
        workspaceId: "w",
        host: "one",
        behaviour: answersIn(5),
        arrivalsMs: atRandom(2, MINUTE_MS, random),
      }));
      const story = await simulate([slow, ...fast], LIMITS, random);
      const own = story.of.get("slow");
      const late = own?.waitsMs.filter((wait, n) => (own.startsMs[n] ?? 0) - wait > from) ?? [];
      expect(percentile(late, 0.99)).toBeLessThanOrEqual(50);
      const waits = fast.flatMap(({ name }) => story.of.get(name)?.waitsMs ?? []);
      expect(percentile(waits, 0.999)).toBe(0);
    },
  );

  test("one request at a time, and is asked for more: few wait at it, the rest in line", async () => {
    const random = seededRandom(7);
    let freeAtMs = 0;
    const oneByOne: Behaviour = (atMs) => {
      freeAtMs = Math.max(freeAtMs, atMs) + 20;
      return { durationMs: freeAtMs - atMs, signal: "success" };
    };
    const arrivalsMs = atRandom(100, MINUTE_MS, random);
    const one: SimulatedEndpoint = { name: "one", behaviour: oneByOne, arrivalsMs };
    const story = await simulate([one], LIMITS, random);
    expect(story.of.get("one")?.maxInFlight).toBeLessThanOrEqual(256);
    expect(story.left).toBe(0);
  });
});

test("20 workspaces at one shared host do not feel what hangs for one of them", async () => {
  const random = seededRandom(20);
  const endpoints = Array.from({ length: 200 }, (_, n) => ({
    name: `to-${n}`,
    workspaceId: `w-${n % 20}`,
    host: "shared",
    behaviour: n % 20 === 0 ? hangs : answersIn(5),
    arrivalsMs: atRandom(n % 20 === 0 ? 15 : 1.5, BRIEF_MS / 2, random),
  }));
  const story = await simulate(endpoints, LIMITS, random);
  const well = endpoints.filter(({ behaviour }) => behaviour !== hangs);
  const waits = well.flatMap(({ name }) => story.of.get(name)?.waitsMs ?? []);
  expect(percentile(waits, 0.999)).toBe(0);
});

test("a host that is down is asked by one of its 100 destinations at a time, and all go on when it is back", async () => {
  const random = seededRandom(9);
  const downUntilMs = 120_000;
  const open: number[] = [];
  let maxAtOnce = 0;
  const behaviour: Behaviour = (atMs, c) => {
    const isKnown = atMs > 30_000 && atMs < downUntilMs;
    if (isKnown) maxAtOnce = Math.max(maxAtOnce, 1 + open.filter((end) => end > atMs).length);
    const answer = atMs < downUntilMs ? isDown(atMs, c) : answersIn(5)(atMs, c);
    open.push(atMs + answer.durationMs);
    return answer;
  };
  const endpoints = Array.from({ length: 100 }, (_, n) => ({
    name: `to-${n}`,
    workspaceId: "w",
    host: "down",
    behaviour,
    arrivalsMs: atRandom(1, 180_000, random),
  }));
  const story = await simulate(endpoints, LIMITS, random);
  expect(maxAtOnce).toBe(1);
  const after = [...story.of.values()].flatMap(({ waitsMs, startsMs }) =>
    waitsMs.filter((wait, n) => (startsMs[n] ?? 0) - wait > downUntilMs + 8_000),
  );
  expect(percentile(after, 0.99)).toBeLessThan(50);
  const lastMs = Math.max(...[...story.of.values()].flatMap(({ startsMs }) => startsMs));
  expect(lastMs).toBeLessThan(downUntilMs + 90_000);
});

test("a path that is back has all of its new events within two seconds of its first success", async () => {
  const random = seededRandom(13);
  const backMs = 60_000;
  const behaviour: Behaviour = (atMs, c) =>
    atMs < backMs ? hangs(atMs, c) : answersIn(50)(atMs, c);
  const arrivalsMs = atRandom(20, 2 * MINUTE_MS, random);
  const one: SimulatedEndpoint = {
    name: "one",
    host: "one",
    workspaceId: "w",
    behaviour,
    arrivalsMs,
  };
  const own = (await simulate([one], LIMITS, random)).of.get("one");
  const firstMs = Math.min(...(own?.startsMs.filter((ms) => ms > backMs) ?? []));
  const late =
    own?.waitsMs.filter((wait, n) => (own.startsMs[n] ?? 0) - wait > firstMs + 2_000) ?? [];
  expect(percentile(late, 0.99)).toBeLessThanOrEqual(50);
});
