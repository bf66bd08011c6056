import { arrivedTogether, type Arrivals } from "./arrivals.ts";
import type { Manner, ReceiverCalls } from "./receivers.ts";
import { startWorker, type Worker } from "./worker.ts";

/** All endpoints of a run, in as many processes as their sockets need. */
export type ReceiverGroup = AsyncDisposable & {
  /** Where they listen, in order. */
  readonly origins: readonly string[];
  readonly pids: readonly number[];
  /** Requests so far. */
  readonly count: () => Promise<number>;
  readonly behave: (from: number, count: number, manner: Manner) => Promise<void>;
  readonly keep: (arrivals: boolean) => Promise<void>;
  readonly take: () => Promise<Arrivals>;
};

/** A listening socket and a connection for each: half of what a process may usually have open. */
const ORIGINS_PER_PROCESS = 4_000;

export const startReceivers = async (
  count: number,
  signal: AbortSignal,
): Promise<ReceiverGroup> => {
  await using starting = new AsyncDisposableStack();
  const workers: Worker<ReceiverCalls>[] = [];
  const origins: string[] = [];
  for (let first = 0; first < count; first += ORIGINS_PER_PROCESS) {
    const worker = starting.use(startWorker<ReceiverCalls>("receivers.ts", signal));
    workers.push(worker);
    const wanted = { first, count: Math.min(ORIGINS_PER_PROCESS, count - first) };
    origins.push(...(await worker.ask("listen", wanted)));
  }
  const started = starting.move();
  const all = <T>(ask: (worker: Worker<ReceiverCalls>) => Promise<T>): Promise<T[]> =>
    Promise.all(workers.map(ask));
  return {
    origins,
    pids: workers.map(({ pid }) => pid),
    count: async () => {
      const counts = await all((worker) => worker.ask("count", undefined));
      return counts.reduce((sum, each) => sum + each, 0);
    },
    behave: async (from, many, manner) =>
      void (await all((worker) => worker.ask("behave", { from, count: many, manner }))),
    keep: async (arrivals) => void (await all((worker) => worker.ask("keep", { arrivals }))),
    take: async () => arrivedTogether(await all((worker) => worker.ask("take", undefined))),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
};
