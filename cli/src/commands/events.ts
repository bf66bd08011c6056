import { EVENT_STATUSES } from "@ringback/contracts/deliveries/event-status";
import { usageError } from "../cli-error.ts";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { collect } from "../api/pages.ts";
import {
  choicesOption,
  filterQuery,
  limitIn,
  nothingFound,
  withListOptions,
  type Filters,
} from "../options/filters.ts";
import { eventColumns, listedEventSchema } from "../output/event-row.ts";
import { showEvent } from "./show-event.ts";

type EventsOptions = Filters & {
  readonly status?: readonly string[];
  readonly limit: string;
};

/** `ringback events`: lists events with their status, or shows one of them. */
export const eventsCommand: AddCommand = (program, context) => {
  const command = withListOptions(program.command("events"))
    .description("list events, newest first, with what became of each; or show one of them")
    .argument("[event_id]", "the event to show, with its attempts")
    .addOption(choicesOption("--status <statuses>", "only with this status", EVENT_STATUSES))
    .action((eventId: string | undefined, options: EventsOptions) => {
      if (eventId === undefined) return listEvents(options, context());
      const [other] = Object.keys(options).filter((name) => name !== "limit");
      if (other !== undefined) throw usageError(`--${other} does not go with a named event`);
      return showEvent(eventId, context());
    });
  withExamples(command, {
    "events --status dead_lettered --since 24h": "what was given up since yesterday",
    "events --agent agent-7 --call c-42": "every event of a call",
    "events evt_t9x3k0_18423": "one event: its state, its attempts, what is next",
  });
};

const listEvents = async (options: EventsOptions, context: CommandContext): Promise<void> => {
  const { terminal } = context;
  const limit = limitIn(options.limit);
  const filters = await filterQuery(options, context);
  const query = { ...filters, status: options.status?.join(",") };
  const wanted = { path: "/events", items: "events", schema: listedEventSchema, query, limit };
  const events = await collect(context, wanted);
  if (events.length === 0) return nothingFound("events", filters.agent_id, context);
  if (!terminal.isJson) terminal.table(eventColumns(terminal), events);
};
