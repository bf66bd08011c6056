import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { reapWithUs } from "../test/harness/process/orphan-reaper.ts";
import { eventually } from "../scripts/local/wait.ts";

/** A program under measurement. */
export type Program<T> = AsyncDisposable & {
  readonly pid: number;
  /** What its log said when it was ready. */
  readonly ready: T;
  readonly logFile: string;
};

export type ProgramOptions<T> = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
  readonly readyFrom: (log: string) => T | undefined;
  readonly readyTimeoutMs: number;
  /** SIGKILL follows this long after SIGTERM. */
  readonly stopGraceMs: number;
  readonly signal: AbortSignal;
};

const TAIL_CHARACTERS = 2_000;

/**
 * Runs a program until its log says that it is ready. It writes its log straight into a file: a pipe
 * would make this process read every line, and take CPU from what is measured.
 */
export const startProgram = async <T>(options: ProgramOptions<T>): Promise<Program<T>> => {
  const { command, args, env, logFile, readyFrom, readyTimeoutMs, signal } = options;
  signal.throwIfAborted();
  const log = openSync(logFile, "w");
  const child = spawn(command, args, { env, detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  reapWithUs(child);
  const ended = endOf(child);
  let how: string | undefined;
  void ended.then((said) => (how = said));
  const stop = () => stopProgram(child, ended, options.stopGraceMs);
  try {
    const read = async (): Promise<T | undefined> => readyFrom(await readFile(logFile, "utf8"));
    const giveUp = new AbortController();
    void ended.then((said) => giveUp.abort(new Error(`it ${said}`)));
    const ready = await eventually(read, {
      what: `${command} to be ready`,
      timeoutMs: readyTimeoutMs,
      signal: AbortSignal.any([signal, giveUp.signal]),
    });
    return { pid: child.pid ?? -1, ready, logFile, [Symbol.asyncDispose]: stop };
  } catch (cause) {
    await stop();
    signal.throwIfAborted();
    const said = (await readFile(logFile, "utf8")).slice(-TAIL_CHARACTERS);
    throw new Error(`${command} ${how ?? "is not ready"}; it said:\n${said}`, { cause });
  }
};

const endOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once("error", (error) => resolve(`could not be run: ${error.message}`));
    child.once("exit", (code, by) =>
      resolve(by === null ? `ended with ${code}` : `ended by ${by}`),
    );
  });

const stopProgram = async (
  child: ChildProcess,
  ended: Promise<string>,
  graceMs: number,
): Promise<void> => {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
  await ended;
  clearTimeout(timer);
};
