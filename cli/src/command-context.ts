import type { Command } from "commander";
import type { ApiClient } from "./api-client.ts";
import type { Terminal } from "./terminal.ts";

export type CommandContext = {
  readonly client: ApiClient;
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C. */
  readonly interrupted: AbortSignal;
  /** Sets the exit code to "failed"; the command goes on. */
  readonly fail: () => void;
};

/** Adds a command to the program. `context` is called only when the command runs. */
export type AddCommand = (program: Command, context: () => CommandContext) => void;
