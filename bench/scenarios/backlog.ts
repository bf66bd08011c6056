import { setTimeout as delay } from "node:timers/promises";
import { residentMib } from "../cpu.ts";
import { atLeast, atMost, figure } from "../figures.ts";
import type { Bench, Scenario } from "../scenario.ts";
import { startStack, type Stack } from "../stack.ts";

const ENDPOINTS = 100;
const BYTES = 1_024;
const SAMPLE_EVERY_MS = 100;

/** A heap of this size is collected often enough that what is kept can be told from what is garbage. */
const HEAP = "--max-old-space-size=256";

/** So many events in a backlog that the dispatcher is done with at once: the rate to compare with. */
const SMALL = 8_000;

/** Many events wait when a dispatcher starts: does it hold more for that, or deliver slower? */
export const backlog: Scenario = {
  name: "backlog",
  longestMs: 8 * 60_000,
  run: async (bench) => {
    const { isShort, events = isShort ? 500 : 1_000_000, seconds } = bench.options;
    const small = await drain(bench, isShort ? 300 : SMALL, 60);
    const large = await drain(bench, events, seconds ?? (isShort ? 2 : 90));
    return [
      figure("memory: highest by lowest, warmed up", [large.growth], "ratio", atMost(1.1)),
      figure("memory: highest", [large.highestMib], "MiB"),
      figure(
        `drained, of the rate with ${isShort ? 300 : SMALL}`,
        [large.rate / small.rate],
        "ratio",
        atLeast(0.9),
      ),
      figure("drained", [large.rate], "per second"),
      figure("events that were drained", [large.drained], "count"),
    ];
  },
};

type Drained = {
  readonly rate: number;
  readonly drained: number;
  readonly highestMib: number;
  readonly growth: number;
};

/** Publishes all of them, then lets a dispatcher at them until they are done or the time is up. */
const drain = async (bench: Bench, events: number, forSeconds: number): Promise<Drained> => {
  bench.say(`${events} events wait`);
  await using stack = await startStack(bench, { endpoints: ENDPOINTS, agents: ENDPOINTS });
  const crowd = { first: 0, count: ENDPOINTS };
  await stack.load.ask("burst", { crowd, from: 0, count: events, bytes: BYTES }, 240_000);
  const { pid } = await stack.startDispatcher({ NODE_OPTIONS: HEAP });
  const samples = await sampled(stack, pid, events, forSeconds, bench.signal);
  const warm = samples.slice(Math.ceil(samples.length / 6));
  const [first, last] = [warm[0], warm.at(-1)];
  if (first === undefined || last === undefined || first === last) {
    throw new Error(`${events} events are too few: all were delivered before they were looked at`);
  }
  const memory = warm.map(({ mib }) => mib);
  return {
    rate: ((last.count - first.count) * 1_000) / (last.atMs - first.atMs),
    drained: last.count,
    highestMib: Math.max(...memory),
    growth: Math.max(...memory) / Math.min(...memory),
  };
};

type Sample = { readonly atMs: number; readonly count: number; readonly mib: number };

/** Memory and progress ten times a second, until all is delivered or the time is up. */
const sampled = async (
  { receivers }: Stack,
  pid: number,
  events: number,
  forSeconds: number,
  signal: AbortSignal,
): Promise<readonly Sample[]> => {
  const samples: Sample[] = [];
  const endMs = performance.now() + forSeconds * 1_000;
  for (;;) {
    const sample = {
      count: await receivers.count(),
      atMs: performance.now(),
      mib: residentMib(pid),
    };
    // What comes after the last delivery would count as time in which nothing was done.
    if (sample.count >= events || sample.atMs > endMs) return samples;
    samples.push(sample);
    await delay(SAMPLE_EVERY_MS, undefined, { signal });
  }
};
