import { EVENT_STATUSES } from "@ringback/contracts/deliveries/event-status";
import { Option, type Command } from "commander";
import { z } from "zod";
import { usageError } from "./cli-error.ts";
import type { AddCommand, CommandContext } from "./command-context.ts";
import { momentIn } from "./moment.ts";
import { pages } from "./pages.ts";
import { table, type Style } from "./terminal.ts";
import { eventTypeIn } from "./event-type.ts";

const STYLES: Readonly<Record<string, Style>> = {
  delivered: "green",
  dead_lettered: "red",
  failed: "red",
  retrying: "yellow",
};

const eventSchema = z.looseObject({
  event_id: z.string(),
  event_type: z.string(),
  call_id: z.string(),
  agent_id: z.string(),
  stored_at: z.string(),
  status: z.string(),
});

/** The options of `withEventFilters`. */
export type EventFilters = {
  readonly agent?: string;
  readonly type?: string;
  readonly since?: string;
  readonly until?: string;
};

type EventsOptions = EventFilters & {
  readonly call?: string;
  readonly status?: string;
  readonly limit: string;
};

/** Adds the options that filter events. */
export const withEventFilters = (command: Command): Command =>
  command
    .option("--agent <agent_id>", "only of this agent")
    .addOption(new Option("--type <event_type>", "only of this type").argParser(eventTypeIn))
    .option("--since <time>", "only stored since: 2026-03-01T09:00:00Z, or 2h for so long ago")
    .option("--until <time>", "only stored before");

/** `ringback events`: lists events with their status. */
export const eventsCommand: AddCommand = (program, context) => {
  withEventFilters(program.command("events"))
    .description("list events, newest first, with what became of each")
    .option("--call <call_id>", "only of this call")
    .addOption(new Option("--status <status>", "only with this status").choices(EVENT_STATUSES))
    .option("--limit <n>", "at most so many", "20")
    .action((options: EventsOptions) => {
      const query = queryOf(options, Date.now());
      return listEvents(query, limitIn(options.limit), context());
    });
};

const queryOf = (options: EventsOptions, nowMs: number) => {
  const { agent, call, type, status, since, until } = options;
  return {
    agent_id: agent,
    call_id: call,
    event_type: type,
    status,
    since: since === undefined ? undefined : momentIn("--since", since, nowMs),
    until: until === undefined ? undefined : momentIn("--until", until, nowMs),
  };
};

const limitIn = (text: string): number => {
  const limit = Number(text);
  if (/^\d{1,7}$/.test(text) && limit >= 1) return limit;
  throw usageError(`--limit is '${text}': expected a whole number from 1`);
};

const listEvents = async (
  query: ReturnType<typeof queryOf>,
  limit: number,
  { client, terminal, interrupted: signal }: CommandContext,
): Promise<void> => {
  const events: z.infer<typeof eventSchema>[] = [];
  const wanted = { path: "/events", items: "events", schema: eventSchema, query, limit, signal };
  for await (const event of pages(client, wanted)) {
    if (terminal.isJson) terminal.line(JSON.stringify(event));
    else events.push(event);
  }
  if (terminal.isJson) return;
  if (events.length === 0) return terminal.note("There are no such events.");
  const rows = events.map((event) => [
    event.stored_at,
    event.event_id,
    event.event_type,
    event.agent_id,
    event.call_id,
    event.status,
  ]);
  const heading = ["STORED", "EVENT", "TYPE", "AGENT", "CALL", "STATUS"];
  for (const [n, line] of table(heading, rows).entries()) {
    const status = rows[n - 1]?.at(-1) ?? "";
    const style = STYLES[status];
    // Colour codes would shift the columns behind them: the status is the last one.
    const shown = style === undefined ? status : terminal.style(style, status);
    terminal.line(n === 0 ? line : `${line.slice(0, line.length - status.length)}${shown}`);
  }
};
