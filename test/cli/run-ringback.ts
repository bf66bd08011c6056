import { Buffer } from "node:buffer";
import { execFile } from "node:child_process";
import { join } from "node:path";
import type { OutputStream } from "../../cli/src/output/terminal.ts";
import { runCli } from "../../cli/src/run-cli.ts";
import { eventually } from "../harness/eventually.ts";
import { trackOpen } from "../harness/process/open-resources.ts";

type Env = Readonly<Record<string, string>>;

export interface RunOptions {
  readonly stdin?: string | Uint8Array;
  /** Its output is a terminal of this width. */
  readonly columns?: number;
}

/** The command line in this process, as `main.ts` runs it. */
export interface Ringback {
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Everything printed as JSON so far, one value for each line. */
  readonly json: () => Readonly<Record<string, unknown>>[];
  readonly exitCode: Promise<number>;
  /** Waits until this is printed, on either side. */
  readonly prints: (text: string | RegExp) => Promise<void>;
  /** Ctrl-C. */
  readonly interrupt: () => Promise<number>;
}

export function startRingback(
  args: readonly string[],
  env: Env = {},
  { stdin = "", columns }: RunOptions = {},
): Ringback {
  const interrupted = new AbortController();
  const [stdout, stderr] = [recorder(columns), recorder(undefined)];
  const closed = trackOpen(`ringback ${args.join(" ")}`, () => interrupted.abort());
  let isOver = false;
  const exitCode = runCli(args, env, {
    stdin: (async function* () {
      yield stdin;
    })(),
    stdout: stdout.stream,
    stderr: stderr.stream,
    interrupted: interrupted.signal,
  }).finally(() => {
    isOver = true;
    closed();
  });
  const both = (): string => stdout.text() + stderr.text();
  return {
    stdout: stdout.text,
    stderr: stderr.text,
    json: () => jsonLines(stdout.text()),
    exitCode,
    prints: async (text) => {
      const isThere = () => (typeof text === "string" ? both().includes(text) : text.test(both()));
      await eventually(
        () => {
          if (!isThere()) throw new Error(both());
        },
        {
          what: `ringback prints ${text}`,
          giveUpWhen: () => (!isOver || isThere() ? null : "it has ended"),
        },
      );
    },
    interrupt: () => {
      interrupted.abort();
      return exitCode;
    },
  };
}

function recorder(columns: number | undefined): { stream: OutputStream; text: () => string } {
  const chunks: Buffer[] = [];
  const write = (chunk: string | Uint8Array): void =>
    void chunks.push(Buffer.from(chunk as string));
  const terminal = columns === undefined ? {} : { isTTY: true, columns };
  return { stream: { ...terminal, write }, text: () => Buffer.concat(chunks).toString() };
}

/** What was printed as JSON, one value for each line. */
export function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs it to its end. */
export async function ringback(
  args: readonly string[],
  env: Env = {},
  options?: RunOptions,
): Promise<Run> {
  const run = startRingback(args, env, options);
  const code = await run.exitCode;
  return { code, stdout: run.stdout(), stderr: run.stderr() };
}

const ROOT = join(import.meta.dirname, "../..");

/** Runs what npm links for the workspace package, what `npx ringback` runs, as a process. */
export function linkedRingback(args: readonly string[], env: Env = {}): Promise<Run> {
  const { PATH = "", HOME = "", NODE_COMPILE_CACHE = "" } = process.env;
  const path = `${join(ROOT, "node_modules/.bin")}:${PATH}`;
  return runProgram(join(ROOT, "node_modules/.bin/ringback"), args, {
    PATH: path,
    HOME,
    NODE_COMPILE_CACHE,
    ...env,
  });
}

/** Runs a program to its end with no environment but this. */
export function runProgram(program: string, args: readonly string[], env: Env): Promise<Run> {
  return new Promise((done) => {
    execFile(program, args, { env, timeout: 60_000 }, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}
