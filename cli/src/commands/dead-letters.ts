import { z } from "zod";
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
import { attemptSchema, resultOf } from "../output/attempt.ts";
import { printable } from "../output/printable.ts";

const REASONS = ["exhausted", "invalid_event", "event_expired", "internal"] as const;

const deadLetterSchema = z.looseObject({
  event_id: z.string(),
  event_type: z.string().nullable(),
  call_id: z.string().nullable(),
  agent_id: z.string().nullable(),
  reason: z.string(),
  at: z.string(),
  message: z.string(),
  last_attempt: attemptSchema.nullable(),
});

type DeadLetter = z.infer<typeof deadLetterSchema>;

type DeadLettersOptions = Filters & {
  readonly reason?: readonly string[];
  readonly limit: string;
};

/** `ringback dead-letters`: lists what was given up, and why. */
export const deadLettersCommand: AddCommand = (program, context) => {
  const command = withListOptions(program.command("dead-letters"))
    .description("list the deliveries that were given up, newest first, and why")
    .addOption(choicesOption("--reason <reasons>", "only given up by", REASONS))
    .action((options: DeadLettersOptions) => listDeadLetters(options, context()));
  withExamples(command, {
    "dead-letters --agent agent-7 --since 7d": "what one agent's endpoints never took this week",
    "dead-letters --reason invalid_event": "events that could not be understood",
  });
};

const listDeadLetters = async (
  options: DeadLettersOptions,
  context: CommandContext,
): Promise<void> => {
  const { terminal } = context;
  const limit = limitIn(options.limit);
  const filters = await filterQuery(options, context);
  const query = { ...filters, reason: options.reason?.join(",") };
  const list = { path: "/dead-letters", items: "dead_letters", schema: deadLetterSchema };
  const found = await collect(context, { ...list, query, limit });
  if (found.length === 0) return nothingFound("dead letters", filters.agent_id, context);
  if (terminal.isJson) return;
  terminal.table(
    [
      { heading: "AT", cell: ({ at }) => terminal.time(at) },
      { heading: "EVENT", cell: ({ event_id }) => event_id },
      { heading: "TYPE", cell: ({ event_type }) => event_type ?? "", shrinks: true },
      { heading: "AGENT", cell: ({ agent_id }) => agent_id ?? "", shrinks: true },
      { heading: "REASON", cell: ({ reason }) => reason },
      { heading: "LAST", cell: lastResultOf },
      { heading: "CALL", cell: ({ call_id }) => call_id ?? "", onlyWide: true },
      { heading: "MESSAGE", cell: ({ message }) => printable(message), shrinks: true },
    ],
    found,
  );
};

const lastResultOf = ({ last_attempt }: DeadLetter): string =>
  last_attempt === null ? "" : resultOf(last_attempt.outcome);
