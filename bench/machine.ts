import { availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";
import { runCommand } from "../scripts/command.ts";

/** What a result was measured on. */
export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memory_gib: number;
  readonly kernel: string;
  readonly node: string;
  readonly nats_server: string;
  readonly commit: string;
  /** Of the last minute, before the run began. */
  readonly load_average: number;
};

export const describeMachine = async (natsServer: string): Promise<Machine> => ({
  cpu: cpus()[0]?.model ?? "unknown",
  cores: availableParallelism(),
  memory_gib: Math.round(totalmem() / 1_024 ** 3),
  kernel: `${type()} ${release()}`,
  node: process.version,
  nats_server: await saidBy(natsServer, ["--version"]),
  commit: await saidBy("git", ["describe", "--always", "--dirty", "--abbrev=12"]),
  load_average: loadavg()[0] ?? 0,
});

/** What a command says in its one line; "unknown" where it does not run. */
const saidBy = async (command: string, args: readonly string[]): Promise<string> => {
  const cwd = import.meta.dirname;
  const result = await runCommand(command, args, { timeoutMs: 5_000, cwd });
  return result.kind === "exited" && result.code === 0 ? result.stdout.trim() : "unknown";
};
