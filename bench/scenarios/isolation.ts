import { atMost, figure, type Figure } from "../figures.ts";
import { arrivalsDuring, faredOf, publishPaced, type Fared } from "../paced-run.ts";
import type { Bench, Scenario } from "../scenario.ts";
import { startStack } from "../stack.ts";

const ENDPOINTS = 1_000;
/** Destinations of shared hosts. */
const PATHS = 100;
const BYTES = 1_024;

/** Events that are still under way when publishing has ended belong to the picture. */
const AFTERWARDS_MS = 3_000;

/**
 * Even load on many endpoints, each at a host of its own or all at a few (`HOSTS`): how much slower are
 * the healthy ones when others hang to the deadline?
 */
export const isolation: Scenario = {
  name: "isolation",
  longestMs: 8 * 60_000,
  run: async (bench) => {
    const { isShort, rounds = 1 } = bench.options;
    const shares = isShort ? [0.1] : [0.01, 0.1, 0.3];
    const alone: number[] = [];
    const withHanging = new Map(shares.map((share) => [share, [] as Fared[]]));
    for (let round = 0; round < rounds; round += 1) {
      alone.push((await measure(bench, 0)).p99);
      for (const share of shares) withHanging.get(share)?.push(await measure(bench, share));
    }
    // Once more at the end: what differs between the first and the last is the machine's doing.
    alone.push((await measure(bench, 0)).p99);
    const base = alone.reduce((sum, each) => sum + each, 0) / alone.length;
    const endpoints = endpointsOf(bench);
    return [
      ...[...withHanging].flatMap(([share, healthy]) =>
        figuresOf(`${share * endpoints} of ${endpoints} hang${atHosts(bench)}`, healthy, base),
      ),
      figure("none hangs: p99", alone, "ms"),
      figure(
        "none hangs: highest p99 by lowest",
        [Math.max(...alone) / Math.min(...alone)],
        "ratio",
      ),
    ];
  },
};

const atHosts = ({ options: { hosts } }: Bench): string =>
  hosts === undefined ? "" : `, ${hosts} host${hosts === 1 ? "" : "s"}`;

const figuresOf = (name: string, runs: readonly Fared[], base: number): readonly Figure[] => {
  const each = (value: (run: Fared) => number): number[] => runs.map(value);
  return [
    figure(
      `${name}: p99 of the others, by none`,
      each(({ p99 }) => p99 / base),
      "ratio",
      atMost(1.2),
    ),
    figure(
      `${name}: p99 of the others, more than none`,
      each(({ p99 }) => p99 - base),
      "ms",
      atMost(5),
    ),
    figure(
      `${name}: p99 of the others`,
      each(({ p99 }) => p99),
      "ms",
    ),
    figure(
      `${name}: p50 of the others`,
      each(({ p50 }) => p50),
      "ms",
    ),
    figure(
      `${name}: others not delivered in time`,
      each((r) => r.missing),
      "count",
      atMost(0),
    ),
  ];
};

const endpointsOf = ({ options }: Bench): number =>
  options.endpoints ?? (options.isShort ? 20 : options.hosts === undefined ? ENDPOINTS : PATHS);

/** A stack of its own for each: nothing is left over from the one before. */
const measure = async (bench: Bench, hangingShare: number): Promise<Fared> => {
  const { isShort, perSecond, seconds, hosts } = bench.options;
  const endpoints = endpointsOf(bench);
  const hanging = Math.round(endpoints * hangingShare);
  bench.say(`${hanging} of ${endpoints} endpoints hang`);
  await using stack = await startStack(bench, {
    endpoints: hosts ?? endpoints,
    agents: endpoints,
    workspaces: hosts,
  });
  await stack.receivers.behave(0, hanging, "hangs");
  await stack.startDispatcher();
  const pace = {
    crowd: { first: 0, count: endpoints, workspaces: hosts },
    from: 0,
    perSecond: perSecond ?? (isShort ? 100 : 300),
    seconds: seconds ?? (isShort ? 1 : 60),
    bytes: BYTES,
  };
  const publish = () => publishPaced(stack, pace);
  const afterwardsMs = isShort ? 500 : AFTERWARDS_MS;
  const arrivals = await arrivalsDuring(stack, publish, afterwardsMs, bench.signal);
  return faredOf(arrivals, pace, (agent) => agent >= hanging);
};
