import { setTimeout as wait } from "node:timers/promises";
import { REDELIVERY_STATUSES } from "@ringback/contracts/deliveries/redelivery-job";
import { Option } from "commander";
import { z } from "zod";
import { usageError } from "./cli-error.ts";
import type { AddCommand, CommandContext } from "./command-context.ts";
import { withEventFilters, type EventFilters } from "./events.ts";
import { momentIn } from "./moment.ts";

const runSchema = z.looseObject({ event_id: z.string(), delivery_id: z.string() });

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

type RedeliverOptions = EventFilters & {
  readonly status?: string;
  readonly rate?: string;
  readonly watch?: boolean;
};

const POLL_EVERY_MS = 500;

/** `ringback redeliver`: delivers the named events again, or all that match. */
export const redeliverCommand: AddCommand = (program, context) => {
  withEventFilters(program.command("redeliver"))
    .description("deliver events again: those named, or all that match (then --since is needed)")
    .argument("[event_id...]", "the events; without any, the options say which")
    .addOption(
      new Option("--status <status>", "which (default: dead_lettered)").choices(
        REDELIVERY_STATUSES,
      ),
    )
    .option("--rate <n>", "deliveries started per second")
    .option("--watch", "show how far it is until all have come to their end")
    .action(async (eventIds: string[], options: RedeliverOptions) => {
      if (eventIds.length === 0) return redeliverMatching(jobOf(options), options, context());
      const [other] = Object.keys(options);
      if (other !== undefined) throw usageError(`--${other} does not go with named events`);
      return redeliverNamed(eventIds, context());
    });
};

const redeliverNamed = async (
  eventIds: readonly string[],
  { client, terminal, interrupted: signal }: CommandContext,
): Promise<void> => {
  for (const eventId of eventIds) {
    const path = `/events/${encodeURIComponent(eventId)}/redeliver`;
    const run = await client.call({ method: "POST", path, signal }, runSchema);
    terminal.line(
      terminal.isJson ? JSON.stringify(run) : `${run.event_id}: delivery ${run.delivery_id} begins`,
    );
  }
};

const jobOf = (options: RedeliverOptions) => {
  const { agent, type, since, until, status = "dead_lettered", rate } = options;
  if (since === undefined) throw usageError("name an event, or say --since when");
  if (rate !== undefined && !/^[1-9]\d{0,3}$/.test(rate)) {
    throw usageError(`--rate is '${rate}': expected a whole number from 1 to 1000`);
  }
  const nowMs = Date.now();
  return {
    ...(agent === undefined ? {} : { agent_id: agent }),
    ...(type === undefined ? {} : { event_types: [type] }),
    since: momentIn("--since", since, nowMs),
    ...(until === undefined ? {} : { until: momentIn("--until", until, nowMs) }),
    status,
    ...(rate === undefined ? {} : { rate_per_second: Number(rate) }),
  };
};

const redeliverMatching = async (
  body: ReturnType<typeof jobOf>,
  { watch = false }: RedeliverOptions,
  context: CommandContext,
): Promise<void> => {
  const { client, terminal, interrupted: signal } = context;
  const job = await client.call({ method: "POST", path: "/redeliveries", body, signal }, jobSchema);
  if (!watch) {
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
