import { describe, expect, test } from "vitest";
import { asBacklog, atRandom, seededRandom } from "./arrivals.ts";
import {
  DEADLINE_MS,
  simulate,
  type Behaviour,
  type EndpointStory,
  type SimulatedEndpoint,
  type Story,
} from "./simulate.ts";

const LIMITS = { maxInFlight: 1_024, destinationMaxInFlight: 64 };
const TWENTY_MINUTES_MS = 1_200_000;

const answersIn =
  (aboutMs: number): Behaviour =>
  (_, random) => ({ durationMs: aboutMs * (0.5 + random()), signal: "success" });

const hangs: Behaviour = () => ({ durationMs: DEADLINE_MS, signal: "failure" });

const storiesOf = (story: Story, prefix: string): readonly EndpointStory[] =>
  [...story.of].filter(([name]) => name.startsWith(prefix)).map(([, own]) => own);

const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? 0;

const shareDeferredOften = (stories: readonly EndpointStory[]): number => {
  const deferrals = stories.flatMap((own) => own.deferrals);
  return deferrals.filter((times) => times > 3).length / deferrals.length;
};

const one = (behaviour: Behaviour, arrivalsMs: readonly number[]): readonly SimulatedEndpoint[] => [
  { name: "one", behaviour, arrivalsMs },
];

describe("twenty minutes of 1,000 endpoints", { timeout: 60_000 }, () => {
  test.each([0, 300, 900])("of which %i hang: the others wait for nothing", async (hanging) => {
    const random = seededRandom(hanging + 1);
    const endpoints = Array.from({ length: 1_000 }, (_, n) => ({
      name: n < hanging ? `hangs-${n}` : `well-${n}`,
      behaviour: n < hanging ? hangs : answersIn(50),
      arrivalsMs: atRandom(0.03, TWENTY_MINUTES_MS, random),
    }));
    const story = await simulate(endpoints, LIMITS, random);
    const waits = storiesOf(story, "well").flatMap(({ waitsMs }) => waitsMs);
    expect(waits.length).toBeGreaterThan((1_000 - hanging) * 30);
    expect(percentile(waits, 0.999)).toBe(0);
    const most = [...story.of.values()].map(({ maxInFlight }) => maxInFlight);
    expect(Math.max(...most)).toBeLessThanOrEqual(LIMITS.destinationMaxInFlight);
    expect(story.maxInFlight).toBeLessThanOrEqual(LIMITS.maxInFlight);
    expect(story.left).toBe(0);
  });
});

describe("1,000 endpoints with 300 events a second", () => {
  test.each([10, 100, 300, 600])(
    "of which %i begin to hang: the others wait for nothing from the first moment on",
    async (hanging) => {
      const random = seededRandom(hanging);
      const endpoints = Array.from({ length: 1_000 }, (_, n) => ({
        name: n < hanging ? `hangs-${n}` : `well-${n}`,
        behaviour: n < hanging ? hangs : answersIn(20),
        arrivalsMs: atRandom(0.3, 60_000, random),
      }));
      const story = await simulate(endpoints, LIMITS, random);
      const waits = storiesOf(story, "well").flatMap(({ waitsMs }) => waitsMs);
      expect(percentile(waits, 0.999)).toBe(0);
      expect(shareDeferredOften(storiesOf(story, "hangs"))).toBeLessThan(0.02);
    },
  );

  test("that all answered well until 300 of them began to hang: the others hardly wait", async () => {
    const random = seededRandom(5);
    const breaksAfter = 30_000;
    const breaking: Behaviour = (atMs, c) =>
      atMs < breaksAfter ? answersIn(20)(atMs, c) : hangs(atMs, c);
    const endpoints = Array.from({ length: 1_000 }, (_, n) => ({
      name: n < 300 ? `hangs-${n}` : `well-${n}`,
      behaviour: n < 300 ? breaking : answersIn(20),
      arrivalsMs: atRandom(0.3, 120_000, random),
    }));
    const story = await simulate(endpoints, LIMITS, random);
    const waits = storiesOf(story, "well").flatMap(({ waitsMs }) => waitsMs);
    expect(percentile(waits, 0.999)).toBe(0);
  });
});

describe("the backlog of one endpoint", () => {
  test.each([
    { ms: 5, count: 5_000 },
    { ms: 100, count: 10_000 },
    { ms: 1_000, count: 10_000 },
    { ms: 3_000, count: 20_000 },
  ])(
    "of $count that answers in about $ms ms goes out in 1.3 of the shortest time, and few come back often",
    async ({ ms, count }) => {
      const story = await simulate(
        one(answersIn(ms), asBacklog(count)),
        LIMITS,
        seededRandom(ms + count),
      );
      const shortestMs = Math.max(count * 0.3, (count * ms) / LIMITS.destinationMaxInFlight);
      // What is known of it before its first answers is nothing.
      expect(story.endedMs).toBeLessThan(1.3 * shortestMs + 8 * ms);
      expect(shareDeferredOften(storiesOf(story, "one"))).toBeLessThan(0.01);
    },
  );

  test("is delivered in about the order in which it came", async () => {
    const story = await simulate(one(answersIn(500), asBacklog(5_000)), LIMITS, seededRandom(3));
    const waits = storiesOf(story, "one").flatMap(({ waitsMs }) => waitsMs);
    const inOrderMs = (5_000 * 500) / LIMITS.destinationMaxInFlight;
    expect(Math.max(...waits)).toBeLessThan(1.3 * inOrderMs);
  });
});

describe("an outage of ten minutes", () => {
  const downUntilMs = 600_000;
  const behaviour: Behaviour = (atMs, random) =>
    atMs < downUntilMs
      ? { durationMs: DEADLINE_MS, signal: "failure" }
      : answersIn(100)(atMs, random);

  test("in which all hangs is over for every delivery half an hour after the endpoint is back", async () => {
    const random = seededRandom(11);
    const endpoints = one(behaviour, atRandom(2, 660_000, random));
    const story = await simulate(endpoints, LIMITS, random);
    const lastMs = Math.max(...storiesOf(story, "one").flatMap(({ startsMs }) => startsMs));
    expect(lastMs - downUntilMs).toBeLessThan(33 * 60_000);
    expect(story.left).toBe(0);
  });

  test("new events are delivered at once when it is over, also while earlier ones wait for their slot", async () => {
    const random = seededRandom(12);
    const before = atRandom(2, downUntilMs, random);
    const after = atRandom(2, 60_000, random).map((atMs) => downUntilMs + DEADLINE_MS + atMs);
    const story = await simulate(one(behaviour, [...before, ...after]), LIMITS, random);
    const waits = storiesOf(story, "one").flatMap(({ startsMs, waitsMs }) =>
      waitsMs.filter((ms, n) => (startsMs[n] ?? 0) - ms > downUntilMs + DEADLINE_MS),
    );
    expect(waits.length).toBe(after.length);
    expect(percentile(waits, 0.9)).toBeLessThan(500);
  });
});

test("a rate limit is kept over every second, and used for nine tenths", async () => {
  const rate = { perSecond: 20, burst: 5 };
  const limited = {
    name: "one",
    behaviour: answersIn(30),
    arrivalsMs: asBacklog(2_000),
    limits: { key: "one", rateLimit: rate },
  };
  const story = await simulate([limited], LIMITS, seededRandom(8));
  const stories = storiesOf(story, "one");
  const inOrder = stories.flatMap(({ startsMs }) => startsMs).toSorted((a, b) => a - b);
  const most = rate.perSecond + rate.burst;
  const spansMs = inOrder.slice(most).map((atMs, n) => atMs - (inOrder[n] ?? 0));
  expect(Math.min(...spansMs)).toBeGreaterThan(999);
  expect(story.endedMs).toBeLessThan((2_000 / rate.perSecond / 0.9) * 1_000);
  expect(shareDeferredOften(stories)).toBeLessThan(0.01);
});
