import { FAILURE_REASONS } from "@ringback/contracts/deliveries/attempt";
import type { z } from "zod";
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
import { attemptSchema, outcomeStyle, resultOf, tookOf } from "../output/attempt.ts";
import type { Column } from "../output/table.ts";
import { printable } from "../output/printable.ts";
import type { Terminal } from "../output/terminal.ts";
import { eventPath } from "../options/event-id.ts";

const OUTCOMES = ["delivered", "failed", "cancelled"] as const;

type AttemptsOptions = Filters & {
  readonly event?: string;
  readonly status?: readonly string[];
  readonly reason?: readonly string[];
  readonly limit: string;
};

/** Of one event the API does not repeat what it is about. */
type ListedAttempt = z.infer<typeof attemptSchema> &
  Partial<Record<"event_id" | "event_type" | "agent_id" | "call_id", string>>;

/** `ringback attempts`: lists the requests that were made. */
export const attemptsCommand: AddCommand = (program, context) => {
  const command = withListOptions(program.command("attempts"))
    .description("list attempts, newest first: when, with what response, and how long it took")
    .option("--event <event_id>", "only of this event")
    .addOption(choicesOption("--status <outcomes>", "only those that", OUTCOMES))
    .addOption(choicesOption("--reason <reasons>", "only those that failed by", FAILURE_REASONS))
    .action((options: AttemptsOptions) => listAttempts(options, context()));
  withExamples(command, {
    "attempts --agent agent-7 --status failed --since 2h": "what failed in the last two hours",
    "attempts --reason timeout --since 7d --limit 100": "which endpoints are too slow",
    "attempts --event evt_t9x3k0_18423": "all attempts at one event",
  });
};

const listAttempts = async (options: AttemptsOptions, context: CommandContext): Promise<void> => {
  const { terminal } = context;
  const limit = limitIn(options.limit);
  const { path, query } = await wantedBy(options, context);
  const about = options.event === undefined ? {} : { event_id: options.event };
  const schema = attemptSchema.transform((one): ListedAttempt => ({ ...about, ...one }));
  const attempts = await collect(context, { path, items: "attempts", schema, query, limit });
  if (attempts.length === 0) return nothingFound("attempts", query["agent_id"], context);
  if (!terminal.isJson) terminal.table(columnsOf(terminal, options.event !== undefined), attempts);
};

const wantedBy = async (
  options: AttemptsOptions,
  context: CommandContext,
): Promise<{ path: string; query: Record<string, string | undefined> }> => {
  const { event, status, reason } = options;
  if (event === undefined) {
    const filters = await filterQuery(options, context);
    const query = { ...filters, outcome: status?.join(","), reason: reason?.join(",") };
    return { path: "/attempts", query };
  }
  const [other] = Object.keys(options).filter((name) => !["event", "limit"].includes(name));
  if (other !== undefined) throw usageError(`--${other} does not go with --event`);
  return { path: `${eventPath(event)}/attempts`, query: {} };
};

const columnsOf = ({ time, style }: Terminal, isOfOneEvent: boolean): Column<ListedAttempt>[] => {
  const about: Column<ListedAttempt>[] = [
    { heading: "EVENT", cell: ({ event_id = "" }) => event_id },
    { heading: "TYPE", cell: ({ event_type = "" }) => event_type, onlyWide: true },
    { heading: "AGENT", cell: ({ agent_id = "" }) => agent_id, shrinks: true },
  ];
  return [
    { heading: "AT", cell: ({ at }) => time(at) },
    ...(isOfOneEvent ? [] : about),
    { heading: "TRY", cell: ({ attempt }) => String(attempt) },
    { heading: "BY", cell: ({ trigger }) => trigger },
    {
      heading: "RESULT",
      cell: ({ outcome }) => resultOf(outcome),
      paint: ({ outcome }, text) => style(outcomeStyle(outcome), text),
    },
    { heading: "TOOK", cell: ({ duration_ms }) => tookOf(duration_ms) },
    {
      heading: "URL",
      cell: ({ request }) => printable(request?.url ?? ""),
      shrinks: true,
    },
  ];
};
