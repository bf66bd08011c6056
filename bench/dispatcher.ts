import { join } from "node:path";
import { listeningLine } from "../scripts/local/stack.ts";
import { startProgram, type Program } from "./program.ts";

const ROOT = join(import.meta.dirname, "..");

export type DispatcherOptions = {
  readonly natsUrl: string;
  readonly directory: string;
  readonly name: string;
  /** Settings that differ from the defaults. */
  readonly settings: Readonly<Record<string, string>>;
  readonly nodeOptions: string;
  /** Where a CPU profile goes; none is taken without. */
  readonly profileTo?: string | undefined;
  readonly signal: AbortSignal;
};

/** A dispatcher as it runs in production, but for plain http to loopback and header values in plain text. */
export const startDispatcher = (options: DispatcherOptions): Promise<Program<string>> => {
  const { natsUrl, directory, name, settings, nodeOptions, profileTo, signal } = options;
  const { PATH, HOME, NODE_COMPILE_CACHE } = process.env;
  const profiling = profileTo === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileTo}`];
  return startProgram({
    command: process.execPath,
    args: [...profiling, join(ROOT, "services/dispatcher/src/main.ts")],
    env: {
      PATH,
      HOME,
      NODE_COMPILE_CACHE,
      NODE_OPTIONS: nodeOptions,
      NATS_URL: natsUrl,
      ADMIN_HOST: "127.0.0.1",
      ADMIN_PORT: "0",
      ALLOW_PLAINTEXT_HEADERS: "true",
      ALLOW_INSECURE_HTTP: "true",
      ALLOWED_PRIVATE_CIDRS: "127.0.0.0/8",
      ...settings,
    },
    logFile: join(directory, `${name}.log`),
    readyFrom: (log) =>
      log
        .split("\n")
        .map(listeningLine)
        .find((line) => line !== undefined)?.admin,
    readyTimeoutMs: 180_000, // a million subscriptions are read first
    stopGraceMs: profileTo === undefined ? 3_000 : 30_000, // a profile is written at the end
    signal,
  });
};
