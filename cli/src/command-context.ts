import type { Command } from "commander";
import type { ApiClient } from "./api/api-client.ts";
import type { OutputStream, Terminal } from "./output/terminal.ts";

/** Where a command reads and writes: the process's, or a test's. */
export type Streams = {
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Aborted by Ctrl-C. */
  readonly interrupted: AbortSignal;
};

export type CommandContext = {
  readonly client: ApiClient;
  readonly terminal: Terminal;
  readonly stdin: Streams["stdin"];
  /** Aborted by Ctrl-C. */
  readonly interrupted: AbortSignal;
  /** Sets the exit code to "failed"; the command goes on. */
  readonly fail: () => void;
};

/** Adds a command to the program. `context` is called only when the command runs. */
export type AddCommand = (program: Command, context: () => CommandContext) => void;

/** Examples below a command's help, each with what it does. */
export const withExamples = (
  command: Command,
  examples: Readonly<Record<string, string>>,
): Command => {
  const lines = Object.entries(examples).map(([line, what]) => `  # ${what}\n  ringback ${line}`);
  return command.addHelpText("after", `\nExamples:\n${lines.join("\n")}`);
};
