import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { scratchRoot } from "../test/harness/process/orphan-reaper.ts";
import { startDispatcher } from "./dispatcher.ts";
import type { LoadCalls } from "./load.ts";
import { startNats, type BenchNats } from "./nats.ts";
import type { Program } from "./program.ts";
import { startReceivers, type ReceiverGroup } from "./receiver-group.ts";
import type { Bench } from "./scenario.ts";
import { startWorker, type Worker } from "./worker.ts";

/** NATS, endpoints and a load generator, each a process of its own; dispatchers as they are asked for. */
export type Stack = AsyncDisposable & {
  readonly nats: BenchNats;
  readonly receivers: ReceiverGroup;
  readonly load: Worker<LoadCalls>;
  readonly startDispatcher: (
    settings?: Readonly<Record<string, string>>,
  ) => Promise<Program<string>>;
};

export type StackOptions = {
  /** Origins that listen. */
  readonly endpoints: number;
  /** Agents with a subscription; agent n at origin n modulo all. */
  readonly agents: number;
  /** So many workspaces share them; unless given, each has its own. */
  readonly workspaces?: number | undefined;
};

export const startStack = async (
  { options, natsServer, signal }: Bench,
  { endpoints, agents, workspaces }: StackOptions,
): Promise<Stack> => {
  await using starting = new AsyncDisposableStack();
  const directory = await mkdtemp(join(scratchRoot(), "bench-"));
  starting.defer(() => rm(directory, { recursive: true, force: true }));
  const nats = starting.use(await startNats(natsServer, directory, signal));
  const receivers = starting.use(await startReceivers(endpoints, signal));
  const load = starting.use(startWorker<LoadCalls>("load.ts", signal));
  await load.ask("connect", { url: nats.url });
  const crowd = { first: 0, count: agents, workspaces };
  if (agents > 0) await load.ask("subscribe", { crowd, origins: receivers.origins }, 180_000);
  let dispatchers = 0;
  const started = starting.move();
  return {
    nats,
    receivers,
    load,
    startDispatcher: async (settings = {}) => {
      dispatchers += 1;
      return started.use(
        await startDispatcher({
          natsUrl: nats.url,
          directory,
          name: `dispatcher-${dispatchers}`,
          settings: { ...options.dispatcherSettings, ...settings },
          nodeOptions: options.dispatcherNodeOptions,
          profileTo: options.profileTo,
          signal,
        }),
      );
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
};
