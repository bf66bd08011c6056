import { atMost, figure, type Figure } from "../figures.ts";
import { residentMib } from "../cpu.ts";
import type { Bench, Scenario } from "../scenario.ts";
import { startStack } from "../stack.ts";
import { watchWindow } from "../window.ts";

const ENDPOINTS = 50;
const BYTES = 1_024;

/** Agents that events are for. */
const ASKED_FOR = 1_000;
const WITHIN_MS = 60_000;

/** Look-ups count as flat when a delivery costs at most this much more with the most subscriptions. */
const FLAT = 1.2;

/** How long a start takes, how much memory, and what a delivery costs, by the number of subscriptions. */
export const subscriptions: Scenario = {
  name: "subscriptions",
  longestMs: 8 * 60_000,
  run: async (bench) => {
    const counts = bench.options.isShort ? [1_500, 3_000] : [10_000, 100_000, 1_000_000];
    const empty = await measure(bench, ASKED_FOR);
    const all: Measured[] = [];
    for (const count of counts) all.push(await measure(bench, count));
    const least = all[0]?.cpuMs ?? Number.NaN;
    const most = all.at(-1)?.cpuMs ?? Number.NaN;
    return [
      figure("CPU of a delivery, by most of by fewest", [most / least], "ratio", atMost(FLAT)),
      ...all.flatMap((each) => figuresOf(each, empty)),
    ];
  },
};

type Measured = {
  readonly count: number;
  readonly readySeconds: number;
  readonly readyMib: number;
  /** Of one delivery. */
  readonly cpuMs: number;
};

const figuresOf = (
  { count, readySeconds, readyMib, cpuMs }: Measured,
  empty: Measured,
): Figure[] => {
  const bytes = ((readyMib - empty.readyMib) * 1_024 ** 2) / (count - empty.count);
  const name = `${count} subscriptions`;
  return [
    figure(`${name}: start to ready`, [readySeconds], "s"),
    figure(`${name}: memory when ready`, [readyMib], "MiB"),
    figure(`${name}: memory for each`, [bytes], "bytes"),
    figure(`${name}: CPU of a delivery`, [cpuMs], "ms"),
  ];
};

/** Deliveries go to agents far apart, so that no cache can hold those that are looked up. */
const measure = async (bench: Bench, count: number): Promise<Measured> => {
  const { isShort, events = isShort ? 200 : 6_000 } = bench.options;
  bench.say(`${count} subscriptions`);
  await using stack = await startStack(bench, { endpoints: ENDPOINTS, agents: count });
  const startMs = performance.now();
  const { pid } = await stack.startDispatcher();
  const readySeconds = (performance.now() - startMs) / 1_000;
  const readyMib = residentMib(pid);
  // The dispatcher keeps connections for each workspace: the same number of them each time.
  const crowd = { first: 0, count: ASKED_FOR, step: Math.max(1, Math.floor(count / ASKED_FOR)) };
  const before = await stack.receivers.count();
  const watched = watchWindow({
    pids: [pid],
    count: stack.receivers.count,
    from: before + Math.floor(events / 3),
    to: before + Math.floor(events * 0.95),
    timeoutMs: WITHIN_MS,
    signal: bench.signal,
  });
  const batch = { crowd, from: 0, count: events, bytes: BYTES };
  const [window] = await Promise.all([watched, stack.load.ask("burst", batch)]);
  return { count, readySeconds, readyMib, cpuMs: (window.cpuSeconds / window.done) * 1_000 };
};
