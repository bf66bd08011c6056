import { setTimeout as wait } from "node:timers/promises";
import { REDELIVERY_STATUSES } from "@ringback/contracts/deliveries/redelivery-job";
import { Option } from "commander";
import { z } from "zod";
import { checkAgent } from "../api/agents.ts";
import { usageError } from "../cli-error.ts";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { filterQuery, withFilters, type Filters } from "../options/filters.ts";
import { eventPath } from "../options/event-id.ts";
import { wouldRedeliver, wouldRedeliverNamed } from "./would-redeliver.ts";

const runSchema = z.looseObject({
  event_id: z.string(),
  delivery_id: z.string(),
  mode: z.string().optional(),
});

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
};

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
    .option("--rate <n>", "deliveries started per second")
    .option("--dry-run", "show how many and which, and deliver nothing")
    .option("--watch", "show how far it is until all have come to their end")
    .action(async (eventIds: string[], options: RedeliverOptions) => {
      if (eventIds.length === 0) return redeliverMatching(options, context());
      const other = Object.keys(options).find((name) => name !== "dryRun");
      if (other !== undefined) throw usageError(`--${other} does not go with named events`);
      return redeliverNamed(eventIds, options, context());
    });
  withExamples(command, {
    "redeliver evt_t9x3k0_18423": "one event",
    "redeliver --since 24h --agent agent-7 --dry-run": "which dead letters would be sent again",
    "redeliver --since 24h --agent agent-7 --watch": "send them again, and wait for their end",
  });
};

const redeliverNamed = async (
  eventIds: readonly string[],
  { dryRun = false }: RedeliverOptions,
  context: CommandContext,
): Promise<void> => {
  const { client, terminal, interrupted: signal } = context;
  if (dryRun) return wouldRedeliverNamed(eventIds, context);
  for (const eventId of eventIds) {
    const path = `${eventPath(eventId)}/redeliver`;
    const run = await client.call({ method: "POST", path, signal }, runSchema);
    terminal.line(
      terminal.isJson
        ? JSON.stringify(run)
        : `${run.event_id}: ${
            run.mode === "retry_now"
              ? `the retry that was due later begins now (delivery ${run.delivery_id})`
              : `delivery ${run.delivery_id} begins`
          }`,
    );
  }
};

/** Checks what the options say; throws for what they may not. */
const jobOf = async (options: RedeliverOptions, context: CommandContext) => {
  const { rate, status = "dead_lettered" } = options;
  if (options.since === undefined) throw usageError("name an event, or say --since when");
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
