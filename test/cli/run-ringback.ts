import { join } from "node:path";
import { spawnTracked, type Exit } from "../harness/process/child-process.ts";
import { eventually } from "../harness/eventually.ts";
import { packedEntry } from "../harness/process/packed-services.ts";

/** The command line as a process: packed, unless it is started with `LINKED`. */
export interface Ringback {
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Everything printed as JSON so far, one value for each line. */
  readonly json: () => Readonly<Record<string, unknown>>[];
  readonly exited: Promise<Exit>;
  /** Waits until this is printed, on either side. */
  readonly prints: (text: string | RegExp) => Promise<void>;
  /** Ctrl-C. */
  readonly interrupt: () => Promise<Exit>;
}

const ROOT = join(import.meta.dirname, "../..");
/** What npm links for the workspace package: what `npx ringback` runs. */
export const LINKED = join(ROOT, "node_modules/.bin/ringback");

export async function startRingback(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  command: readonly [string, ...string[]] = [process.execPath, packedEntry("cli/src/main.ts")],
): Promise<Ringback> {
  const { PATH = "", HOME = "", NODE_COMPILE_CACHE = "" } = process.env;
  const path = `${join(ROOT, "node_modules/.bin")}:${PATH}`;
  const [program, ...before] = command;
  const tracked = await spawnTracked(program, [...before, ...args], {
    env: { PATH: path, HOME, NODE_COMPILE_CACHE, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { stdout, stderr } = tracked.child;
  const printed = { out: "", err: "" };
  stdout?.setEncoding("utf8").on("data", (text: string) => (printed.out += text));
  stderr?.setEncoding("utf8").on("data", (text: string) => (printed.err += text));
  const both = (): string => printed.out + printed.err;
  return {
    stdout: () => printed.out,
    stderr: () => printed.err,
    json: () =>
      printed.out
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    exited: tracked.exited,
    prints: async (text) => {
      const isThere = () => (typeof text === "string" ? both().includes(text) : text.test(both()));
      await eventually(
        () => {
          if (!isThere()) throw new Error(both());
        },
        {
          what: `ringback prints ${text}`,
          giveUpWhen: () => (tracked.exit() === null || isThere() ? null : "it has ended"),
        },
      );
    },
    interrupt: () => tracked.kill("SIGINT"),
  };
}

/** Runs it to its end. */
export async function ringback(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  command?: readonly [string, ...string[]],
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const run = await startRingback(args, env, command);
  const { code } = await run.exited;
  return { code, stdout: run.stdout(), stderr: run.stderr() };
}
