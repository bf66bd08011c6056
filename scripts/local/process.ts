import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { dirname, relative } from "node:path";
import { createInterface } from "node:readline";
import { makeFolder } from "@ringback/runtime/process/make-folder";
import { withDeadline } from "./wait.ts";

// What an error shows of a log: the end, and no more of a line than a person reads.
const TAIL_LINES = 10;
const TAIL_CHARACTERS = 300;

export type ProcessOptions<T> = {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly logFile: string;
  /** What the line that says "ready" tells; undefined for every other line. */
  readonly readyFrom: (line: string) => T | undefined;
  readonly readyTimeoutMs: number;
  readonly signal?: AbortSignal;
};

export type LocalProcess<T> = {
  readonly name: string;
  readonly logFile: string;
  readonly ready: T;
  /** Resolves, never rejects, to how it ended: "exited with code 1", "was ended by SIGKILL". */
  readonly ended: Promise<string>;
  /** Its last lines of output. */
  readonly tail: () => string;
  /** SIGTERM, then SIGKILL after `graceMs`; returns what was not as it should be. */
  readonly stop: (graceMs: number) => Promise<string | undefined>;
};

/**
 * A running process that has printed its "ready" line. All its output goes to `logFile`. When it
 * ends first, or says nothing in time, it is killed and the error shows its last lines.
 */
export const startProcess = async <T>(options: ProcessOptions<T>): Promise<LocalProcess<T>> => {
  const { name, logFile, readyTimeoutMs, signal } = options;
  signal?.throwIfAborted();
  makeFolder(dirname(logFile));
  const child = spawnInOwnGroup(options);
  const ended = endOf(child);
  const output = outputOf(child, logFile, options.readyFrom);
  const early = ended.then((how) => {
    throw new Error(`it ${how}`);
  });
  try {
    const first = Promise.race([output.ready, early]);
    const ready = await withDeadline(first, readyTimeoutMs, "starting it", signal);
    const stop = (graceMs: number) => stopChild(child, name, ended, graceMs);
    return { name, logFile, ready, ended, tail: output.tail, stop };
  } catch (cause) {
    await stopChild(child, name, ended, 2_000);
    if (signal?.aborted) throw signal.reason;
    const said = output.tail() === "" ? "  | (it printed nothing)" : indent(output.tail());
    throw new Error(`${name} did not start\n${said}\n  its log: ${shown(logFile)}`, { cause });
  } finally {
    early.catch(() => undefined);
  }
};

/** A file as a person in the working directory would write it. */
export const shown = (file: string): string => relative(process.cwd(), file);

/** Output of another process, set off from one's own. */
export const indent = (text: string): string => text.replaceAll(/^/gm, "  | ");

const spawnInOwnGroup = <T>({ command, args, cwd, env }: ProcessOptions<T>): ChildProcess => {
  // Ctrl-C in a terminal reaches the whole process group: alone in theirs, the processes are stopped
  // by this script in the right order, instead of all losing NATS at once.
  const child = spawn(command, args, {
    cwd,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const killAtExit = () => child.kill("SIGKILL");
  process.once("exit", killAtExit);
  child.once("close", () => process.off("exit", killAtExit));
  return child;
};

const endOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once("error", (error) => resolve(`could not be run: ${error.message}`));
    // "close" and not "exit": its last words have been read by then.
    child.once("close", (code, signal) =>
      resolve(signal === null ? `exited with code ${code}` : `was ended by ${signal}`),
    );
  });

const outputOf = <T>(
  child: ChildProcess,
  logFile: string,
  readyFrom: (line: string) => T | undefined,
) => {
  // Written at once, line by line: whoever reads the log after the end finds all of it.
  const log = openSync(logFile, "w");
  child.once("close", () => closeSync(log));
  const lines: string[] = [];
  const { promise: ready, resolve } = Promise.withResolvers<T>();
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (line) => {
      writeSync(log, `${line}\n`);
      lines.push(line.length > TAIL_CHARACTERS ? `${line.slice(0, TAIL_CHARACTERS)}…` : line);
      if (lines.length > TAIL_LINES) lines.shift();
      const found = readyFrom(line);
      if (found !== undefined) resolve(found);
    });
  }
  return { ready, tail: () => lines.join("\n") };
};

const stopChild = async (
  child: ChildProcess,
  name: string,
  ended: Promise<string>,
  graceMs: number,
): Promise<string | undefined> => {
  const runs = child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  if (!runs) return `${name} ${await ended} before it was asked to stop`;
  child.kill("SIGTERM");
  const how = await withDeadline(ended, graceMs, "stopping").catch(() => undefined);
  if (how !== undefined) {
    return how === "exited with code 0" ? undefined : `${name} ${how} when it was asked to stop`;
  }
  child.kill("SIGKILL");
  await ended;
  return `${name} was killed: it had not stopped within ${graceMs / 1000} s`;
};
