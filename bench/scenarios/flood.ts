import { atMost, figure, type Figure } from "../figures.ts";
import { arrivalsDuring, eventsOf, faredOf, publishPaced, type Fared } from "../paced-run.ts";
import type { Bench, Scenario } from "../scenario.ts";
import { startStack } from "../stack.ts";

const OTHERS = 20;
const TIMES = 100;
const BYTES = 1_024;
const AFTERWARDS_MS = 3_000;

/** One workspace publishes a hundred times what all others do together. */
export const flood: Scenario = {
  name: "flood",
  longestMs: 8 * 60_000,
  run: async (bench) => {
    const { isShort, rounds = isShort ? 1 : 2 } = bench.options;
    const alone: Fared[] = [];
    const flooded: Fared[] = [];
    for (let round = 0; round < rounds; round += 1) {
      alone.push(await measure(bench, 0));
      flooded.push(await measure(bench, TIMES));
    }
    return figuresOf(alone, flooded);
  },
};

const figuresOf = (alone: readonly Fared[], flooded: readonly Fared[]): readonly Figure[] => {
  const ratios = flooded.map(({ p99 }, n) => p99 / (alone[n]?.p99 ?? Number.NaN));
  return [
    figure("p99 of the others, by alone", ratios, "ratio", atMost(1.2)),
    figure(
      "p99 of the others, alone",
      alone.map(({ p99 }) => p99),
      "ms",
    ),
    figure(
      "p99 of the others, flooded",
      flooded.map(({ p99 }) => p99),
      "ms",
    ),
    figure(
      "others not delivered in time",
      flooded.map((r) => r.missing),
      "count",
      atMost(0),
    ),
  ];
};

/** The others at their even pace, while agent 0 publishes `times` as much as all of them. */
const measure = async (bench: Bench, times: number): Promise<Fared> => {
  const { isShort, perSecond, seconds } = bench.options;
  bench.say(times === 0 ? "the others alone" : `one workspace publishes ${times} x as much`);
  await using stack = await startStack(bench, { endpoints: OTHERS + 1, agents: OTHERS + 1 });
  await stack.startDispatcher();
  const shared = { seconds: seconds ?? (isShort ? 1 : 60), bytes: BYTES };
  const othersRate = perSecond ?? 4;
  const others = {
    ...shared,
    crowd: { first: 1, count: OTHERS },
    from: 0,
    perSecond: othersRate,
  };
  const flooding = {
    ...shared,
    crowd: { first: 0, count: 1 },
    from: eventsOf(others),
    perSecond: othersRate * times,
  };
  const publish = () =>
    Promise.all([
      publishPaced(stack, others),
      times === 0 ? undefined : publishPaced(stack, flooding),
    ]);
  const afterwardsMs = isShort ? 500 : AFTERWARDS_MS;
  const arrivals = await arrivalsDuring(stack, publish, afterwardsMs, bench.signal);
  return faredOf(arrivals, others, (agent) => agent > 0);
};
