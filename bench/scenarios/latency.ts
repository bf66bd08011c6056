import type { BareConsumerCalls } from "../bare-consumer.ts";
import { latenciesMs } from "../arrivals.ts";
import { atMost, figure, type Figure } from "../figures.ts";
import { arrivalsDuring, eventsOf, publishPaced, untilReceived, type Pace } from "../paced-run.ts";
import { BARE_SUBJECT } from "../payload.ts";
import { spreadOf, type Spread } from "../percentiles.ts";
import type { Bench, Scenario } from "../scenario.ts";
import { startStack, type Stack } from "../stack.ts";
import { startWorker, type Worker } from "../worker.ts";

const ENDPOINTS = 100;
const BYTES = 1_024;
const WAIT_MS = 30_000;

/** Published → request at the receiver, against published → consumed by a bare consumer, in turns. */
export const latency: Scenario = {
  name: "latency",
  longestMs: 3 * 60_000,
  run: async (bench) => {
    const { isShort, perSecond, seconds, rounds, endpoints = ENDPOINTS } = bench.options;
    const pace = {
      crowd: { first: 0, count: endpoints },
      perSecond: perSecond ?? (isShort ? 100 : 500),
      seconds: seconds ?? (isShort ? 1 : 10),
      bytes: BYTES,
    };
    await using stack = await startStack(bench, { endpoints, agents: endpoints });
    await using bare = startWorker<BareConsumerCalls>("bare-consumer.ts", bench.signal);
    await bare.ask("start", { url: stack.nats.url });
    await stack.startDispatcher();
    const pairs: Pair[] = [];
    // The first round warms both up, and counts for nothing.
    for (let round = 0; round <= (rounds ?? (isShort ? 1 : 5)); round += 1) {
      const from = round * eventsOf({ ...pace, from: 0 });
      pairs.push(await measurePair(bench, stack, bare, { ...pace, from }));
    }
    return figuresOf(pairs.slice(1), pace.perSecond);
  },
};

type Pair = { readonly ours: Spread; readonly bare: Spread; readonly latestLoadMs: number };

const measurePair = async (
  { signal }: Bench,
  stack: Stack,
  bare: Worker<BareConsumerCalls>,
  pace: Pace,
): Promise<Pair> => {
  const bareLoad = await publishPaced(stack, pace, BARE_SUBJECT);
  const bareSpread = spreadOf(latenciesMs(await bare.ask("take", undefined)));
  const before = await stack.receivers.count();
  let latestLoadMs = bareLoad.latestMs;
  const work = async (): Promise<void> => {
    const { latestMs } = await publishPaced(stack, pace);
    latestLoadMs = Math.max(latestLoadMs, latestMs);
    await untilReceived(stack, before + eventsOf(pace), WAIT_MS, signal);
  };
  const arrivals = await arrivalsDuring(stack, work, 0, signal);
  return { ours: spreadOf(latenciesMs(arrivals)), bare: bareSpread, latestLoadMs };
};

const figuresOf = (pairs: readonly Pair[], perSecond: number): readonly Figure[] => {
  const each = (value: (pair: Pair) => number): number[] => pairs.map(value);
  const at = `${perSecond} events/s`;
  const p50 = each(({ ours, bare }) => ours.p50 - bare.p50);
  const p99 = each(({ ours, bare }) => ours.p99 - bare.p99);
  return [
    figure(`${at}: p50 over bare NATS`, p50, "ms", atMost(3)),
    figure(`${at}: p99 over bare NATS`, p99, "ms", atMost(15)),
    figure(
      `${at}: p50`,
      each(({ ours }) => ours.p50),
      "ms",
    ),
    figure(
      `${at}: p99`,
      each(({ ours }) => ours.p99),
      "ms",
    ),
    figure(
      `${at}: p50 of bare NATS`,
      each(({ bare }) => bare.p50),
      "ms",
    ),
    figure(
      `${at}: p99 of bare NATS`,
      each(({ bare }) => bare.p99),
      "ms",
    ),
    figure(
      "the load generator's own latest",
      each((pair) => pair.latestLoadMs),
      "ms",
    ),
  ];
};
