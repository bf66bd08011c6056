import { availableParallelism } from "node:os";
import { runCommand } from "../../scripts/command.ts";
import { atLeast, figure } from "../figures.ts";
import { median } from "../percentiles.ts";
import type { Bench, Scenario } from "../scenario.ts";
import { startStack, type Stack } from "../stack.ts";
import { perCpuSecond, perSecond, watchWindow, type Window } from "../window.ts";

const ENDPOINTS = 100;
const BYTES = 1_024;
const WITHIN_MS = 60_000;

/** With fewer, two dispatchers, NATS and the receivers have to share: then this measures the machine. */
const CORES_THAT_IT_TAKES = 6;

/** How much faster are two dispatchers than one? */
export const scale: Scenario = {
  name: "scale",
  longestMs: 4 * 60_000,
  run: async (bench) => {
    const { isShort, rounds = isShort ? 1 : 3 } = bench.options;
    const cores = availableParallelism();
    if (cores < CORES_THAT_IT_TAKES) {
      bench.say(`${cores} cores, of ${CORES_THAT_IT_TAKES} that it takes: the ratio means little`);
    }
    const one: Window[] = [];
    const two: Window[] = [];
    for (let round = 0; round < rounds; round += 1) {
      one.push(await measure(bench, 1));
      two.push(await measure(bench, 2));
    }
    const ratios = two.map((window, n) => perSecond(window) / perSecond(one[n]!));
    const enough = cores >= CORES_THAT_IT_TAKES;
    return [
      figure("rate of two dispatchers, by one", ratios, "ratio", enough ? atLeast(1.7) : undefined),
      figure("one dispatcher", one.map(perSecond), "per second"),
      figure("two dispatchers", two.map(perSecond), "per second"),
      figure(
        "deliveries by CPU-second, two by one",
        [median(two.map(perCpuSecond)) / median(one.map(perCpuSecond))],
        "ratio",
      ),
    ];
  },
};

const measure = async (bench: Bench, dispatchers: number): Promise<Window> => {
  const { isShort, events = isShort ? 300 : 12_000 } = bench.options;
  bench.say(`${dispatchers} dispatcher${dispatchers === 1 ? "" : "s"}`);
  await using stack = await startStack(bench, { endpoints: ENDPOINTS, agents: ENDPOINTS });
  await pinElsewhere(stack);
  const started = Array.from({ length: dispatchers }, () => stack.startDispatcher());
  const pids = (await Promise.all(started)).map(({ pid }) => pid);
  const { nats, load, receivers } = stack;
  await nats.holdEvents();
  const crowd = { first: 0, count: ENDPOINTS };
  await load.ask("burst", { crowd, from: 0, count: events, bytes: BYTES });
  const watched = watchWindow({
    pids,
    count: receivers.count,
    from: Math.floor(events / 3),
    to: Math.floor(events * 0.95),
    timeoutMs: WITHIN_MS,
    signal: bench.signal,
  });
  const [window] = await Promise.all([watched, nats.releaseEvents()]);
  return window;
};

/** The receivers have the last core for themselves, as they would have machines of their own. */
const pinElsewhere = async ({ receivers, nats }: Stack): Promise<void> => {
  const cores = availableParallelism();
  if (cores < CORES_THAT_IT_TAKES) return;
  for (const pid of receivers.pids) await pin(pid, String(cores - 1));
  await pin(nats.pid, `${cores - 3}-${cores - 2}`);
};

const pin = (pid: number, list: string): Promise<unknown> =>
  runCommand("taskset", ["-a", "-p", "-c", list, String(pid)], { timeoutMs: 5_000 });
