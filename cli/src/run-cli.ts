import { Command, CommanderError, Option } from "commander";
import manifest from "../package.json" with { type: "json" };
import { apiClient } from "./api/api-client.ts";
import { connectionFrom, type ConnectionOptions } from "./api/connection.ts";
import { CliError, EXIT, type ExitCode } from "./cli-error.ts";
import type { AddCommand, CommandContext, Streams } from "./command-context.ts";
import { agentsCommand } from "./commands/agents.ts";
import { attemptsCommand } from "./commands/attempts.ts";
import { auditCommand } from "./commands/audit.ts";
import { deadLettersCommand } from "./commands/dead-letters.ts";
import { endpointsCommand } from "./commands/endpoints.ts";
import { eventsCommand } from "./commands/events.ts";
import { keysCommand } from "./commands/keys.ts";
import { listenCommand } from "./commands/listen.ts";
import { payloadCommand } from "./commands/payload.ts";
import { portalSessionsCommand } from "./commands/portal-sessions.ts";
import { publishCommand } from "./commands/publish.ts";
import { redeliverCommand } from "./commands/redeliver.ts";
import { rotateCommand } from "./commands/rotate.ts";
import { subscribeCommand } from "./commands/subscribe.ts";
import { triggerCommand } from "./commands/trigger.ts";
import { unsubscribeCommand } from "./commands/unsubscribe.ts";
import { workspacesCommand } from "./commands/workspaces.ts";
import { terminalOf, type Terminal, type TerminalOptions } from "./output/terminal.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** In the order of the help, by what they are for. */
const COMMANDS: Readonly<Record<string, readonly AddCommand[]>> = {
  "Try it out:": [listenCommand, triggerCommand, publishCommand],
  "See what happened:": [eventsCommand, attemptsCommand, deadLettersCommand, payloadCommand],
  "Send again:": [redeliverCommand],
  "Set where events go:": [
    agentsCommand,
    subscribeCommand,
    unsubscribeCommand,
    rotateCommand,
    endpointsCommand,
  ],
  "Say who may do it:": [keysCommand, portalSessionsCommand, auditCommand, workspacesCommand],
};

const HELP = `
The key needs the scope read to listen and to see, payloads to see payloads and responses; write to trigger,
subscribe, unsubscribe, rotate, and to change and test endpoints; redeliver to redeliver; publish to publish;
admin for keys and the audit.
Ends with 0 when all went well, 1 when something failed, 2 when the command was not understood, 130 when interrupted.

Examples:
  # what happened in the last hour
  ringback events --since 1h
  # events on your own machine
  ringback listen http://localhost:3000/hook`;

/** Runs one command; returns the process's exit code. */
export const runCli = async (
  args: readonly string[],
  env: Environment,
  streams: Streams,
): Promise<ExitCode> => {
  const { interrupted } = streams;
  let terminal = terminalOf(streams, { json: args.includes("--json") });
  const result = { exitCode: EXIT.ok as ExitCode };
  const fail = (): void => {
    result.exitCode = EXIT.failed;
  };
  const contextFrom = (options: GlobalOptions): CommandContext => {
    terminal = terminalOf(streams, options);
    const client = apiClient(connectionFrom(options, env));
    return { client, terminal, stdin: streams.stdin, interrupted, fail };
  };
  const program = programWith(contextFrom, streams);
  try {
    await program.parseAsync(args, { from: "user" });
    return result.exitCode;
  } catch (error) {
    if (interrupted.aborted) return EXIT.interrupted;
    return exitCodeFor(error, terminal, helpFor(args, program));
  }
};

type GlobalOptions = ConnectionOptions & TerminalOptions;

const programWith = (
  contextFrom: (options: GlobalOptions) => CommandContext,
  { stdout, stderr }: Streams,
): Command => {
  const program = new Command("ringback")
    .description("Webhooks of voice-AI calls: try out, see what happened, send again, subscribe")
    .version(manifest.version)
    .addOption(new Option("--api <url>", "where the API is (RINGBACK_API_URL)"))
    .addOption(new Option("--key <key>", "API key (better: RINGBACK_API_KEY)"))
    .option("--workspace <id>", "which workspace, for operators (RINGBACK_WORKSPACE)")
    .option("--json", "print JSON, one value on each line")
    .option("--utc", "show times in UTC; without it in this machine's time zone")
    .option("--wide", "show tables whole, however wide the terminal is")
    .addHelpText("after", HELP)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      getOutHelpWidth: () => stdout.columns ?? 100,
      getErrHelpWidth: () => stderr.columns ?? 100,
      outputError: () => {}, // `exitCodeFor` says it in one line
    })
    .exitOverride();
  const context = (): CommandContext => contextFrom(program.opts<GlobalOptions>());
  for (const [heading, commands] of Object.entries(COMMANDS)) {
    program.commandsGroup(heading);
    for (const add of commands) add(program, context);
  }
  return program;
};

/** The help that fits what was typed: `ringback endpoints create --help`. */
const helpFor = (args: readonly string[], program: Command): string => {
  const names = ["ringback"];
  let within = program;
  for (const arg of args) {
    const command = within.commands.find((one) => one.name() === arg);
    if (command === undefined) continue;
    names.push(arg);
    within = command;
  }
  return `${names.join(" ")} --help`;
};

const exitCodeFor = (error: unknown, terminal: Terminal, help: string): ExitCode => {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.ok;
    // Help for want of a command is written already.
    if (error.code !== "commander.help") {
      const said = error.message.replace(/^error: /, "").replaceAll(/\s*\n\s*/g, " ");
      terminal.note(`ringback: ${said} (${help})`);
    }
    return EXIT.usage;
  }
  if (!(error instanceof CliError)) throw error;
  terminal.note(`ringback: ${error.message}`);
  return error.exitCode;
};
