import type {
  RedeliveryJob,
  RedeliveryStart,
  SkipReason,
} from "@ringback/contracts/deliveries/redelivery-job";
import type { Destination } from "./destinations.ts";

/** A batch is a quarter of a second's worth, so that the rate holds over any second. */
const BATCHES_PER_SECOND = 4;
/** Bounds what a process publishes at once, and what the next process publishes again. */
const MAX_BATCH = 100;

/** How many deliveries a job starts at once. */
export const batchSize = ({ rate_per_second: rate }: RedeliveryJob): number =>
  Math.max(1, Math.min(MAX_BATCH, Math.floor(rate / BATCHES_PER_SECOND)));

/** How long to wait before the next batch, also in another process. */
export const waitAfterBatchMs = (
  { batch, rate_per_second: rate }: RedeliveryJob,
  nowMs: number,
): number => {
  if (batch === null) return 0;
  const lastsMs = (batch.starts.length / rate) * 1_000;
  // The clocks of processes differ: never wait longer than the batch lasts.
  return Math.max(0, Math.min(lastsMs, Date.parse(batch.at) + lastsMs - nowMs));
};

/** A selected event, as the next batch has it. */
export type Selected = Omit<RedeliveryStart, "endpoint_id"> & {
  readonly storedAtMs: number;
  /** Where it goes; none: it is being delivered, or others have delivered it meanwhile. */
  readonly to: readonly Destination[];
  /** Why it is not sent; undefined: it is. */
  readonly skip?: SkipReason | undefined;
};

/** The job with its matches counted; events with malformed subjects are skipped at once. */
export const withMatches = (
  job: RedeliveryJob,
  events: number,
  malformed_subject: number,
): RedeliveryJob => ({
  ...job,
  found: events + malformed_subject,
  ...(malformed_subject === 0 ? {} : { skips: { malformed_subject } }),
});

/** The job after its batch was started: with the next one, or at its end. */
export const nextBatch = (
  job: RedeliveryJob,
  selected: readonly Selected[],
  now: string,
): RedeliveryJob => {
  const { all: sent, events } = startedBy(job);
  const { sent_events: _, ...rest } = job;
  const counted = { sent, ...(events === sent ? {} : { sent_events: events }) };
  const before = { ...rest, ...counted, batch: null, updated_at: now };
  if (job.stop_requested) return { ...before, state: "stopped" };
  const last = selected.at(-1);
  if (last === undefined) return { ...before, state: "done" };
  const starts = selected.flatMap(startsOf);
  const skips = { ...before.skips };
  for (const { skip } of selected) {
    if (skip !== undefined) skips[skip] = (skips[skip] ?? 0) + 1;
  }
  return {
    ...before,
    ...(Object.keys(skips).length === 0 ? {} : { skips }),
    cursor: { at_ms: last.storedAtMs, seq: last.seq },
    batch: { at: now, starts },
  };
};

const startsOf = ({
  seq,
  call_id,
  agent_id,
  event_type,
  to,
  skip,
}: Selected): readonly RedeliveryStart[] => {
  if (skip !== undefined) return [];
  const event = { seq, call_id, agent_id, event_type };
  return to.map(({ endpointId }) =>
    endpointId === undefined ? event : { ...event, endpoint_id: endpointId },
  );
};

/** The deliveries that a job has started, those of its batch included, and of how many events they are. */
const startedBy = ({ sent, sent_events = sent, batch }: RedeliveryJob) => {
  const starts = batch?.starts ?? [];
  return {
    all: sent + starts.length,
    events: sent_events + new Set(starts.map(({ seq }) => seq)).size,
  };
};

/** The job with its stop requested; the batch that it is starting still starts. */
export const withStopRequested = (job: RedeliveryJob, now: string): RedeliveryJob => ({
  ...job,
  stop_requested: true,
  updated_at: now,
  ...(job.batch === null ? { state: "stopped" as const } : {}),
});

export type JobCounts = {
  readonly found: number | null;
  readonly sent: number;
  readonly skipped: number;
  readonly skipped_by_reason: Readonly<Partial<Record<SkipReason | "not_due", number>>>;
};

/**
 * The counts that a job shows. Skipped events matched when it began and were not sent: for a stored reason,
 * or `not_due`, because they were being delivered, or had been, when their batch came.
 */
export const countsOf = (job: RedeliveryJob): JobCounts => {
  const { found, state, skips = {} } = job;
  const { all, events } = startedBy(job);
  const noted = Object.values(skips).reduce((sum, count) => sum + count, 0);
  // Events that became dead letters while the job ran are sent too.
  const matched = found === null ? null : Math.max(found, events + noted);
  const not_due = state === "done" ? (matched ?? events + noted) - events - noted : 0;
  return {
    found: matched,
    sent: all,
    skipped: noted + not_due,
    skipped_by_reason: { ...skips, ...(not_due === 0 ? {} : { not_due }) },
  };
};
