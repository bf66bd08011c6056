import { atLeast, figure, type Figure } from "../figures.ts";
import type { BareLoopCalls } from "../bare-loop.ts";
import type { BarePipelineCalls } from "../bare-pipeline.ts";
import type { Crowd } from "../payload.ts";
import type { Bench, Scenario } from "../scenario.ts";
import { startStack, type Stack } from "../stack.ts";
import { perCpuSecond, perSecond, watchWindow, type Window } from "../window.ts";
import { startWorker, type Worker } from "../worker.ts";

/** One size of events to one number of endpoints. */
type Cell = { readonly bytes: number; readonly endpoints: number };

type Sizes = {
  readonly cells: readonly Cell[];
  readonly events: number;
  readonly warmUp: number;
  readonly rounds: number;
};

const KIB = 1_024;
const ROUND_TIMEOUT_MS = 60_000;

/** As many posts at once as the dispatcher makes: by its defaults, unless it was given other settings. */
const concurrencyOf = ({ options }: Bench, endpoints: number): number => {
  const { ENDPOINT_MAX_IN_FLIGHT = "192", MAX_IN_FLIGHT = "4096" } = options.dispatcherSettings;
  return Math.min(Number(MAX_IN_FLIGHT), endpoints * Number(ENDPOINT_MAX_IN_FLIGHT));
};

/** In the first tenth and the last twentieth of a round, fewer requests than usual are under way. */
const COUNTED_FROM = 0.1;
const COUNTED_TO = 0.95;

const sizesOf = ({ options }: Bench): Sizes => {
  const { isShort, events, rounds, endpoints } = options;
  const numbers = endpoints === undefined ? [1, 100, 10_000] : [endpoints];
  const all = [KIB, 32 * KIB].flatMap((bytes) =>
    numbers.map((each) => ({ bytes, endpoints: each })),
  );
  return {
    cells: isShort ? [{ bytes: KIB, endpoints: endpoints ?? 10 }] : all,
    events: events ?? (isShort ? 300 : 10_000),
    warmUp: isShort ? 100 : 5_000,
    rounds: rounds ?? (isShort ? 1 : 3),
  };
};

/** Deliveries by the dispatcher against the same posts by a bare undici loop, in turns. */
export const throughput: Scenario = {
  name: "throughput",
  longestMs: 8 * 60_000,
  run: async (bench) => {
    const sizes = sizesOf(bench);
    const figures: Figure[] = [];
    for (const cell of sizes.cells) {
      figures.push(...(await measureCell(bench, cell, sizes)));
      bench.soFar(figures);
    }
    return figures;
  },
};

type Scene = {
  readonly stack: Stack;
  readonly bare: Worker<BareLoopCalls>;
  readonly pipeline: Worker<BarePipelineCalls>;
  readonly dispatcherPid: number;
  readonly crowd: Crowd;
  readonly signal: AbortSignal;
  readonly cell: Cell;
  readonly concurrency: number;
};

const measureCell = async (bench: Bench, cell: Cell, sizes: Sizes): Promise<readonly Figure[]> => {
  const { endpoints, bytes } = cell;
  // Large events take long to publish; half as many are enough to tell.
  const share = bytes > KIB ? 0.5 : 1;
  const [events, warmUp] = [sizes.events * share, sizes.warmUp * share];
  const name = `${bytes / KIB} KiB, ${endpoints} endpoint${endpoints === 1 ? "" : "s"}`;
  bench.say(name);
  await using stack = await startStack(bench, { endpoints, agents: endpoints });
  await using bare = startWorker<BareLoopCalls>("bare-loop.ts", bench.signal);
  await using pipeline = startWorker<BarePipelineCalls>("bare-pipeline.ts", bench.signal);
  await pipeline.ask("connect", { url: stack.nats.url });
  const { pid: dispatcherPid } = await stack.startDispatcher();
  const crowd = { first: 0, count: endpoints };
  const concurrency = concurrencyOf(bench, endpoints);
  const { signal } = bench;
  const scene = { stack, bare, pipeline, dispatcherPid, crowd, signal, cell, concurrency };
  await dispatched(scene, 0, warmUp);
  await posted(scene, 0, warmUp);
  await piped(scene, 0, warmUp);
  const taken: Round[] = [];
  for (let round = 0; round < sizes.rounds; round += 1) {
    const from = warmUp + round * events;
    const ours = await dispatched(scene, from, events);
    const loop = await posted(scene, from, events);
    taken.push({ ours, bare: loop, pipeline: await piped(scene, from, events) });
  }
  return figuresOf(name, taken);
};

/** The same events by each of the three. */
type Round = { readonly ours: Window; readonly bare: Window; readonly pipeline: Window };

const figuresOf = (name: string, rounds: readonly Round[]): readonly Figure[] => {
  const each = (value: (round: Round) => number): number[] => rounds.map(value);
  const perCpu = each((p) => perCpuSecond(p.ours) / perCpuSecond(p.bare));
  const perWall = each((p) => perSecond(p.ours) / perSecond(p.bare));
  return [
    figure(`${name}: per CPU-second, of the bare loop's`, perCpu, "ratio", atLeast(0.45)),
    figure(`${name}: per second, of the bare loop's`, perWall, "ratio", atLeast(0.6)),
    figure(
      `${name}: dispatcher`,
      each((p) => perSecond(p.ours)),
      "per second",
    ),
    figure(
      `${name}: dispatcher, by its CPU`,
      each((p) => perCpuSecond(p.ours)),
      "per second",
    ),
    figure(
      `${name}: bare loop, by its CPU`,
      each((p) => perCpuSecond(p.bare)),
      "per second",
    ),
    figure(
      `${name}: per CPU-second, of the bare pipeline's`,
      each((p) => perCpuSecond(p.ours) / perCpuSecond(p.pipeline)),
      "ratio",
    ),
    figure(
      `${name}: bare pipeline per CPU-second, of the bare loop's`,
      each((p) => perCpuSecond(p.pipeline) / perCpuSecond(p.bare)),
      "ratio",
    ),
    figure(
      `${name}: bare pipeline per second, of the bare loop's`,
      each((p) => perSecond(p.pipeline) / perSecond(p.bare)),
      "ratio",
    ),
  ];
};

/** A backlog of events, delivered. */
const dispatched = async (scene: Scene, from: number, events: number): Promise<Window> => {
  const { stack, crowd, cell, dispatcherPid } = scene;
  await stack.nats.holdEvents();
  await stack.load.ask("burst", { crowd, from, count: events, bytes: cell.bytes });
  const window = countedWindow(scene, [dispatcherPid], events, await stack.receivers.count());
  const [result] = await Promise.all([window, stack.nats.releaseEvents()]);
  await stack.nats.settled(ROUND_TIMEOUT_MS);
  await stack.nats.forget();
  return result;
};

/** The same events, posted by the bare loop. */
const posted = async (scene: Scene, from: number, count: number): Promise<Window> => {
  const { stack, bare, crowd, cell, concurrency } = scene;
  const { origins } = stack.receivers;
  const window = countedWindow(scene, [bare.pid], count, await stack.receivers.count());
  const input = { origins, crowd, from, count, bytes: cell.bytes, concurrency };
  const [result] = await Promise.all([window, bare.ask("post", input, ROUND_TIMEOUT_MS)]);
  return result;
};

/** The same events, consumed, posted, recorded and acknowledged, while the dispatcher gets none of them. */
const piped = async (scene: Scene, from: number, count: number): Promise<Window> => {
  const { stack, pipeline, crowd, cell, concurrency } = scene;
  const { origins } = stack.receivers;
  await stack.nats.holdEvents();
  await pipeline.ask("prepare", undefined);
  await stack.load.ask("burst", { crowd, from, count, bytes: cell.bytes });
  const window = countedWindow(scene, [pipeline.pid], count, await stack.receivers.count());
  const input = { origins, crowd, from, count, concurrency };
  const [result] = await Promise.all([window, pipeline.ask("deliver", input, ROUND_TIMEOUT_MS)]);
  await stack.nats.forget();
  await stack.nats.releaseEvents();
  return result;
};

const countedWindow = (
  { stack, signal }: Scene,
  pids: readonly number[],
  events: number,
  before: number,
): Promise<Window> =>
  watchWindow({
    pids,
    count: stack.receivers.count,
    from: before + Math.floor(events * COUNTED_FROM),
    to: before + Math.floor(events * COUNTED_TO),
    timeoutMs: ROUND_TIMEOUT_MS,
    signal,
  });
