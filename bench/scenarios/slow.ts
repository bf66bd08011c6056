import { atMost, figure, type Figure } from "../figures.ts";
import { arrivalsDuring, faredOf, publishPaced, type Fared } from "../paced-run.ts";
import type { Bench, Scenario } from "../scenario.ts";
import { startStack } from "../stack.ts";

const BYTES = 1_024;
/** Beside the slow one, at the same host. */
const FAST = 99;
const SECONDS = 30;
const AFTERWARDS_MS = 3_000;

type Slow = { readonly afterMs: number; readonly perSecond: number };

const FULL: readonly Slow[] = [500, 2_000, 10_000].flatMap((afterMs) =>
  [50, 200].map((perSecond) => ({ afterMs, perSecond })),
);
const SHORT: readonly Slow[] = [{ afterMs: 100, perSecond: 50 }];

/** An endpoint answers 200, and takes its time: does it get its events as they come, and do others feel it? */
export const slow: Scenario = {
  name: "slow",
  longestMs: 14 * 60_000,
  run: async (bench) => {
    const figures: Figure[] = [];
    const without = await measure(bench, undefined, true);
    for (const one of bench.options.isShort ? SHORT : FULL) {
      const alone = await measure(bench, one, false);
      const beside = await measure(bench, one, true);
      figures.push(...figuresOf(one, alone.slow, beside, without.fast));
      bench.soFar(figures);
    }
    return figures;
  },
};

type Measured = { readonly slow: Fared; readonly fast: Fared };

const figuresOf = (
  { afterMs, perSecond }: Slow,
  alone: Fared,
  { slow: beside, fast }: Measured,
  without: Fared,
): readonly Figure[] => {
  const name = `${afterMs} ms at ${perSecond}/s`;
  // More than a quarter of the permits in flight at one destination is not wanted of a dispatcher.
  const isWanted = (afterMs / 1_000) * perSecond <= 1_000 && afterMs < 10_000;
  const late = isWanted ? atMost(50) : undefined;
  return [
    figure(`${name}: p50`, [alone.p50], "ms"),
    figure(`${name}: p99`, [alone.p99], "ms", late),
    figure(`${name}, beside ${FAST}: p99`, [beside.p99], "ms", late),
    figure(
      `${name}: not arrived`,
      [alone.missing + beside.missing],
      "count",
      isWanted ? atMost(0) : undefined,
    ),
    figure(
      `beside ${name}: p99 of the fast, by without`,
      [fast.p99 / without.p99],
      "ratio",
      atMost(1.2),
    ),
    figure(`beside ${name}: p99 of the fast`, [fast.p99], "ms"),
  ];
};

const NONE: Fared = { p50: 0, p99: 0, missing: 0 };

const measure = async (
  bench: Bench,
  one: Slow | undefined,
  hasFast: boolean,
): Promise<Measured> => {
  const { isShort, seconds = isShort ? 1 : SECONDS } = bench.options;
  bench.say(
    `${one?.afterMs ?? 0} ms at ${one?.perSecond ?? 0}/s${hasFast ? `, beside ${FAST}` : ""}`,
  );
  await using stack = await startStack(bench, { endpoints: 1, agents: FAST + 1, workspaces: 1 });
  if (one !== undefined) await stack.receivers.behave(0, 1, { okAfterMs: one.afterMs });
  await stack.startDispatcher();
  const shared = { seconds, bytes: BYTES };
  const ofSlow = {
    ...shared,
    crowd: { first: 0, count: 1, workspaces: 1 },
    from: 0,
    perSecond: one?.perSecond ?? 0,
  };
  const ofFast = {
    ...shared,
    crowd: { first: 1, count: FAST, workspaces: 1 },
    from: 1_000_000,
    perSecond: hasFast ? FAST : 0,
  };
  const paces = [ofSlow, ofFast].filter(({ perSecond }) => perSecond > 0);
  const publish = () => Promise.all(paces.map((pace) => publishPaced(stack, pace)));
  const afterwardsMs = isShort ? 500 : AFTERWARDS_MS;
  const arrivals = await arrivalsDuring(stack, publish, afterwardsMs, bench.signal);
  return {
    slow: one === undefined ? NONE : faredOf(arrivals, ofSlow, (agent) => agent === 0),
    fast: hasFast ? faredOf(arrivals, ofFast, (agent) => agent > 0) : NONE,
  };
};
