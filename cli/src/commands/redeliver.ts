import { setTimeout as wait } from "node:timers/promises";
import { REDELIVERY_STATUSES } from "@ringback/contracts/deliveries/redelivery-job";
import { InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import { checkAgent } from "../api/agents.ts";
import { usageError } from "../cli-error.ts";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { filterQuery, withFilters, type Filters } from "../options/filters.ts";
import { eventPath } from "../options/event-id.ts";
import { wouldRedeliver, wouldRedeliverNamed } from "./would-redeliver.ts";

const runsSchema = z.looseObject({
  event_id: z.string(),
  deliveries: z.array(
    z.looseObject({
      delivery_id: z.string().nullable(),
      endpoint_id: z.string().nullable(),
      uid: z.string().optional(),
      mode: z.string(),
    }),
  ),
});

type Run = z.infer<typeof runsSchema>["deliveries"][number];

const jobSchema = z.looseObject({
  redelivery_id: z.string(),
  state: z.string(),
  found: z.int().nullable(),
  sent: z.int(),
  skipped: z.int(),
  delivered: z.int(),
  failed: z.int(),
  waiting: z.int(),
});

type Job = z.infer<typeof jobSchema>;

type RedeliverOptions = Omit<Filters, "call"> & {
  readonly status?: (typeof REDELIVERY_STATUSES)[number];
  readonly rate?: string;
  readonly watch?: boolean;
  readonly dryRun?: boolean;
  readonly endpoint?: readonly string[];
  readonly agentSubscription?: boolean;
};

/** The options that go with named events. */
const WITH_NAMED = ["dryRun", "endpoint", "agentSubscription"];

const POLL_EVERY_MS = 500;

/** `ringback redeliver`: delivers the named events again, or all that match. */
export const redeliverCommand: AddCommand = (program, context) => {
  const command = withFilters(program.command("redeliver"))
    .description("deliver events again: those named, or all that match (then --since is needed)")
    .argument("[event_id...]", "the events; without any, the options say which")
    .addOption(
      new Option("--status <status>", "which (default: dead_lettered)").choices(
        REDELIVERY_STATUSES,
      ),
    )
    .addOption(
      new Option(
        "--endpoint <ids>",
        "of named events: to these endpoints alone, by id or uid; one, or more with commas",
      ).argParser(namesIn),
    )
    .option("--agent-subscription", "of named events: to the agent's subscription")
    .option("--rate <n>", "deliveries started per second")
    .option("--dry-run", "show how many and which, and deliver nothing")
    .option("--watch", "show how far it is until all have come to their end")
    .action(async (eventIds: string[], options: RedeliverOptions) => {
      if (eventIds.length === 0) return redeliverMatching(options, context());
      const other = Object.keys(options).find((name) => !WITH_NAMED.includes(name));
      if (other !== undefined) throw usageError(`--${other} does not go with named events`);
      return redeliverNamed(eventIds, options, context());
    });
  withExamples(command, {
    "redeliver evt_t9x3k0_18423": "one event, where it was not delivered",
    "redeliver evt_t9x3k0_18423 --endpoint crm": "one event to one endpoint",
    "redeliver --since 24h --agent agent-7 --dry-run": "which dead letters would be sent again",
    "redeliver --since 24h --agent agent-7 --watch": "send them again, and wait for their end",
  });
};

const namesIn = (text: string): string[] => {
  const names = text.split(",").map((name) => name.trim());
  if (names.every((name) => name !== "")) return names;
  throw new InvalidArgumentError("Expected ids or uids of endpoints, with commas between them.");
};

const redeliverNamed = async (
  eventIds: readonly string[],
  { dryRun = false, endpoint, agentSubscription }: RedeliverOptions,
  context: CommandContext,
): Promise<void> => {
  const { client, terminal, interrupted: signal } = context;
  if (dryRun) return wouldRedeliverNamed(eventIds, context);
  const body = {
    ...(endpoint === undefined ? {} : { endpoint_ids: endpoint }),
    ...(agentSubscription === undefined ? {} : { agent_subscription: agentSubscription }),
  };
  for (const eventId of eventIds) {
    const path = `${eventPath(eventId)}/redeliver`;
    const runs = await client.call({ method: "POST", path, body, signal }, runsSchema);
    if (terminal.isJson) terminal.line(JSON.stringify(runs));
    else for (const run of runs.deliveries) terminal.line(`${runs.event_id}: ${runText(run)}`);
  }
};

const runText = ({ mode, delivery_id, endpoint_id, uid }: Run): string => {
  const to = endpoint_id === null ? "" : ` to endpoint ${uid ?? endpoint_id}`;
  if (mode === "in_progress") return `a delivery${to} is under way already`;
  return mode === "retry_now"
    ? `the retry${to} that was due later begins now (delivery ${delivery_id})`
    : `delivery ${delivery_id}${to} begins`;
};

/** Checks what the options say; throws for what they may not. */
const jobOf = async (options: RedeliverOptions, context: CommandContext) => {
  const { rate, status = "dead_lettered" } = options;
  if (options.since === undefined) throw usageError("name an event, or say --since when");
  if (options.endpoint !== undefined || options.agentSubscription !== undefined) {
    throw usageError("--endpoint and --agent-subscription go with named events");
  }
  if (rate !== undefined && (!/^[1-9]\d{0,3}$/.test(rate) || Number(rate) > 1_000)) {
    throw usageError(`--rate is '${rate}': expected a whole number from 1 to 1000`);
  }
  const { agent_id, since, until } = await filterQuery(options, context);
  await checkAgent(context, agent_id);
  return {
    ...(agent_id === undefined ? {} : { agent_id }),
    ...(options.type === undefined ? {} : { event_types: options.type }),
    since,
    ...(until === undefined ? {} : { until }),
    status,
    ...(rate === undefined ? {} : { rate_per_second: Number(rate) }),
  };
};

const redeliverMatching = async (
  options: RedeliverOptions,
  context: CommandContext,
): Promise<void> => {
  const { client, terminal, interrupted: signal } = context;
  const body = await jobOf(options, context);
  if (options.dryRun === true) return wouldRedeliver(body, context);
  const job = await client.call({ method: "POST", path: "/redeliveries", body, signal }, jobSchema);
  if (options.watch !== true) {
    const next = `GET /redeliveries/${job.redelivery_id} says how far it is`;
    return terminal.line(
      terminal.isJson ? JSON.stringify(job) : `redelivery ${job.redelivery_id} begins; ${next}`,
    );
  }
  const ended = await watchJob(job, context);
  if (ended.failed > 0 || ended.state !== "done") context.fail();
  terminal.line(terminal.isJson ? JSON.stringify(ended) : `redelivery ${summaryOf(ended)}`);
};

/** Polls the job until none of its deliveries is under way. Ctrl-C ends the polling, not the job. */
const watchJob = async (
  first: Job,
  { client, terminal, interrupted: signal }: CommandContext,
): Promise<Job> => {
  let job = first;
  while (job.state === "running" || job.waiting > 0) {
    terminal.progress(summaryOf(job));
    await wait(POLL_EVERY_MS, undefined, { signal });
    const path = `/redeliveries/${encodeURIComponent(job.redelivery_id)}`;
    job = await client.call({ path, signal }, jobSchema);
  }
  return job;
};

const summaryOf = (job: Job): string => {
  const { redelivery_id, state, found, sent, skipped, delivered, failed, waiting } = job;
  const of = found === null ? "" : ` of ${found}`;
  const skips = skipped === 0 ? "" : `, ${skipped} skipped`;
  return `${redelivery_id} ${state}: ${sent}${of} sent${skips}, ${delivered} delivered, ${failed} failed, ${waiting} under way`;
};
