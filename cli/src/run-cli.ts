import { Command, CommanderError, Option } from "commander";
import manifest from "../package.json" with { type: "json" };
import { agentsCommand } from "./agents.ts";
import { apiClient } from "./api-client.ts";
import { CliError, EXIT, type ExitCode } from "./cli-error.ts";
import type { CommandContext } from "./command-context.ts";
import { connectionFrom, type ConnectionOptions } from "./connection.ts";
import { eventsCommand } from "./events.ts";
import { listenCommand } from "./listen.ts";
import { redeliverCommand } from "./redeliver.ts";
import { terminalOf, type Terminal } from "./terminal.ts";
import { triggerCommand } from "./trigger.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const HELP = `
The key needs the scope read to listen and list, write to trigger and redeliver.
Ends with 0 when all went well, 1 when something failed, 2 when the command was not understood.`;

/** Runs one command; returns the process's exit code. */
export const runCli = async (args: readonly string[], env: Environment): Promise<ExitCode> => {
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, interrupt);
  // A reader such as `head` has closed the pipe.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(EXIT.ok);
  });
  let terminal = terminalOf(process, args.includes("--json"));
  const result = { exitCode: EXIT.ok as ExitCode };
  const fail = (): void => {
    result.exitCode = EXIT.failed;
  };
  const program = programWith((options) => {
    terminal = terminalOf(process, options.json === true);
    const client = apiClient(connectionFrom(options, env));
    return { client, terminal, interrupted: interrupted.signal, fail };
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return result.exitCode;
  } catch (error) {
    if (interrupted.signal.aborted) return EXIT.interrupted;
    return exitCodeFor(error, terminal);
  }
};

type GlobalOptions = ConnectionOptions & { readonly json?: boolean };

const programWith = (contextFrom: (options: GlobalOptions) => CommandContext): Command => {
  const program = new Command("ringback")
    .description(
      "Webhooks of voice-AI calls: listen on your own machine, list, try out, send again",
    )
    .version(manifest.version)
    .addOption(new Option("--api <url>", "where the API is (RINGBACK_API_URL)"))
    .addOption(new Option("--key <key>", "API key (better: RINGBACK_API_KEY)"))
    .option("--json", "print JSON, one value on each line")
    .addHelpText("after", HELP)
    .exitOverride()
    .showHelpAfterError("(ringback --help says what there is)");
  const context = (): CommandContext => contextFrom(program.opts<GlobalOptions>());
  for (const add of [
    listenCommand,
    triggerCommand,
    eventsCommand,
    redeliverCommand,
    agentsCommand,
  ]) {
    add(program, context);
  }
  return program;
};

const exitCodeFor = (error: unknown, terminal: Terminal): ExitCode => {
  // Commander has printed its message; `--help` is code 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (!(error instanceof CliError)) throw error;
  terminal.note(`ringback: ${error.message}`);
  return error.exitCode;
};
