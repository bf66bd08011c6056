import { latenciesMs } from "../arrivals.ts";
import { atLeast, atMost, figure, type Figure } from "../figures.ts";
import { arrivalsDuring, eventsOf, publishPaced, untilReceived } from "../paced-run.ts";
import type { Crowd } from "../payload.ts";
import { spreadOf } from "../percentiles.ts";
import type { Bench, Scenario } from "../scenario.ts";
import { startStack, type Stack } from "../stack.ts";
import { perCpuSecond, watchWindow } from "../window.ts";

const BYTES = 1_024;
const ORIGINS = 10;
const WAIT_MS = 60_000;
const MOST_ENDPOINTS = 50;
const FURTHER = 4;

type Kind = {
  readonly name: string;
  readonly crowd: Crowd;
  /** Requests that an event leads to. */
  readonly destinations: number;
};

/** Ten workspaces of each kind. */
const crowdOf = (nth: number): Crowd => ({ first: nth * ORIGINS, count: ORIGINS });

const WITHOUT: Kind = { name: "subscription alone", crowd: crowdOf(0), destinations: 1 };
const OTHERS: Kind[] = [
  {
    name: `subscription, ${MOST_ENDPOINTS} endpoints of other agents beside it`,
    crowd: crowdOf(1),
    destinations: 1,
  },
  { name: "one endpoint alone", crowd: crowdOf(2), destinations: 1 },
  {
    name: `subscription and ${FURTHER} endpoints`,
    crowd: crowdOf(3),
    destinations: 1 + FURTHER,
  },
];

/** What an event costs by its destinations, each kind in turn in one run. */
export const endpoints: Scenario = {
  name: "endpoints",
  longestMs: 8 * 60_000,
  run: async (bench) => {
    const { isShort, rounds = isShort ? 1 : 3 } = bench.options;
    await using stack = await startStack(bench, { endpoints: ORIGINS, agents: 2 * ORIGINS });
    const { origins } = stack.receivers;
    const [beside, alone, several] = OTHERS.map(({ crowd }) => crowd) as [Crowd, Crowd, Crowd];
    await stack.load.ask("subscribe", { crowd: several, origins });
    const each = { [MOST_ENDPOINTS]: beside, 1: alone, [FURTHER]: several };
    for (const [number, crowd] of Object.entries(each)) {
      const isChosen = crowd !== beside;
      await stack.load.ask("endpoints", { crowd, origins, each: Number(number), isChosen });
    }
    const { pid } = await stack.startDispatcher();
    const taken = new Map<string, Taken[]>();
    // The first round warms up, and counts for nothing.
    for (let round = 0; round <= rounds; round += 1) {
      for (const kind of [WITHOUT, ...OTHERS]) {
        const one = await measure(bench, { stack, pid, kind, round });
        if (round > 0) taken.set(kind.name, [...(taken.get(kind.name) ?? []), one]);
      }
    }
    return figuresOf(taken);
  },
};

type Taken = {
  readonly perCpuSecond: number;
  readonly p50: number;
  readonly p99: number;
};

type Measured = {
  readonly stack: Stack;
  readonly pid: number;
  readonly kind: Kind;
  readonly round: number;
};

/** A burst for what a request costs, then a steady rate for how long an event takes. */
const measure = async (
  { options, signal }: Bench,
  { stack, pid, kind, round }: Measured,
): Promise<Taken> => {
  const { crowd, destinations } = kind;
  const { isShort } = options;
  const events = Math.ceil((options.events ?? (isShort ? 300 : 3_000)) / destinations);
  const seconds = options.seconds ?? (isShort ? 1 : 5);
  const perSecond = options.perSecond ?? 100;
  const pace = { crowd, perSecond, seconds, bytes: BYTES, from: (2 * round + 1) * 100_000 };
  await stack.nats.holdEvents();
  await stack.load.ask("burst", { crowd, from: 2 * round * 100_000, count: events, bytes: BYTES });
  const before = await stack.receivers.count();
  const requests = events * destinations;
  const watched = watchWindow({
    pids: [pid],
    count: stack.receivers.count,
    from: before + Math.floor(requests * 0.1),
    to: before + Math.floor(requests * 0.95),
    timeoutMs: WAIT_MS,
    signal,
  });
  const [window] = await Promise.all([watched, stack.nats.releaseEvents()]);
  await stack.nats.settled(WAIT_MS);
  const sent = await stack.receivers.count();
  const work = async (): Promise<void> => {
    await publishPaced(stack, pace);
    await untilReceived(stack, sent + eventsOf(pace) * destinations, WAIT_MS, signal);
  };
  const arrivals = await arrivalsDuring(stack, work, 0, signal);
  await stack.nats.settled(WAIT_MS);
  await stack.nats.forget();
  const { p50, p99 } = spreadOf(latenciesMs(arrivals));
  return { perCpuSecond: perCpuSecond(window), p50, p99 };
};

/** Of what an event with a subscription alone does in the same round. */
const LEAST_RATIO = 0.97;
const MOST_MORE_MS = 0.2;

const figuresOf = (taken: ReadonlyMap<string, readonly Taken[]>): Figure[] => {
  const base = taken.get(WITHOUT.name) ?? [];
  const all = [...taken].flatMap(([name, rounds]) => [
    figure(
      `${name}: requests by CPU`,
      rounds.map((one) => one.perCpuSecond),
      "per second",
    ),
    figure(
      `${name}: p50`,
      rounds.map(({ p50 }) => p50),
      "ms",
    ),
    figure(
      `${name}: p99`,
      rounds.map(({ p99 }) => p99),
      "ms",
    ),
  ]);
  const compared = OTHERS.filter(({ destinations }) => destinations === 1).flatMap(({ name }) => {
    const rounds = taken.get(name) ?? [];
    const of = (value: (one: Taken, without: Taken) => number): number[] =>
      rounds.map((one, n) => value(one, base[n] ?? one));
    const ratio = of((one, without) => one.perCpuSecond / without.perCpuSecond);
    const more = of((one, without) => one.p50 - without.p50);
    return [
      figure(`${name}: requests by CPU, of those without`, ratio, "ratio", atLeast(LEAST_RATIO)),
      figure(`${name}: p50 beyond that without`, more, "ms", atMost(MOST_MORE_MS)),
    ];
  });
  return [...compared, ...all];
};
