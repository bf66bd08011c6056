import { fork, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { reapWithUs } from "../test/harness/process/orphan-reaper.ts";
import { withDeadline } from "../scripts/local/wait.ts";
import type { Answer, Calls } from "./calls.ts";

type Asked<C extends Calls, Name extends keyof C> = Parameters<C[Name]>[0];
type Told<C extends Calls, Name extends keyof C> = Awaited<ReturnType<C[Name]>>;

/** A process of the benchmark's own that does one thing: receive, load, or post. */
export type Worker<C extends Calls> = AsyncDisposable & {
  readonly pid: number;
  readonly ask: <Name extends keyof C & string>(
    name: Name,
    input: Asked<C, Name>,
    timeoutMs?: number,
  ) => Promise<Told<C, Name>>;
};

const ASK_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 5_000;

/** Starts `bench/<file>` as a worker; every answer is waited for with a bound, or until `signal`. */
export const startWorker = <C extends Calls>(file: string, signal: AbortSignal): Worker<C> => {
  const child = fork(join(import.meta.dirname, file), [], {
    serialization: "advanced", // typed arrays stay what they are
    detached: true, // Ctrl-C is for the one who started it
    execArgv: [],
  });
  reapWithUs(child);
  const waiting = answersOf(child, file);
  let lastId = 0;
  return {
    pid: child.pid ?? -1,
    ask: async (name, input, timeoutMs = ASK_TIMEOUT_MS) => {
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const id = (lastId += 1);
      waiting.set(id, { resolve, reject });
      child.send({ id, name, input }, (error) => error && reject(error));
      try {
        return (await withDeadline(promise, timeoutMs, `${file}: ${name}`, signal)) as never;
      } finally {
        waiting.delete(id);
        promise.catch(() => undefined);
      }
    },
    [Symbol.asyncDispose]: () => stop(child),
  };
};

type Waiting = { readonly resolve: (value: unknown) => void; readonly reject: (e: Error) => void };

const answersOf = (child: ChildProcess, file: string): Map<number, Waiting> => {
  const waiting = new Map<number, Waiting>();
  child.on("message", (message) => {
    const answer = message as Answer;
    const asked = waiting.get(answer.id);
    if (answer.kind === "done") asked?.resolve(answer.value);
    else asked?.reject(new Error(`${file}: ${answer.message}`));
  });
  child.on("exit", (code, by) => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} ended: ${by ?? code}`));
  });
  return waiting;
};

const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  if (child.connected) child.disconnect();
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
};
