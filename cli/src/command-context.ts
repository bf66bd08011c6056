import type { Command } from "commander";
import type { ApiClient } from "./api-client.ts";
import type { Terminal } from "./terminal.ts";

/** What a command works with. */
export type CommandContext = {
  readonly client: ApiClient;
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C. */
  readonly interrupted: AbortSignal;
  /** The command goes on, and the process ends with "failed". */
  readonly fail: () => void;
};

/** Adds a command to the program; its context is made once it is known to run. */
export type AddCommand = (program: Command, context: () => CommandContext) => void;
