import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { trackOpen } from "./open-resources.ts";
import { reapWithUs } from "./orphan-reaper.ts";

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface TrackedChild {
  readonly child: ChildProcess;
  /** Resolves once the process has ended and its output is read to the end. */
  readonly exited: Promise<Exit>;
  /** What it ended with, `null` while it runs. */
  exit(): Exit | null;
  /** Sends the signal, if it still runs, and waits for the end. */
  kill(signal?: NodeJS.Signals): Promise<Exit>;
}

/**
 * Starts a program that counts as a leak until it has ended and that dies with this process.
 * Rejects when it can't be started at all.
 */
export async function spawnTracked(
  command: string,
  args: readonly string[],
  options: SpawnOptions,
): Promise<TrackedChild> {
  const child = spawn(command, args, options);
  const exited = Promise.withResolvers<Exit>();
  let exit: Exit | null = null;
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error) =>
      reject(new Error(`${command}: can't be started`, { cause: error })),
    );
  });
  reapWithUs(child);
  const kill = (signal: NodeJS.Signals = "SIGKILL"): Promise<Exit> => {
    child.kill(signal);
    return exited.promise;
  };
  const close = trackOpen(`process ${child.pid}: ${command} ${args.join(" ")}`, () => kill());
  child.once("close", (code, signal) => {
    exit = { code, signal };
    close();
    exited.resolve(exit);
  });
  return { child, exited: exited.promise, exit: () => exit, kill };
}
