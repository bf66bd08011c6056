import type {
  RedeliveryJob,
  RedeliveryStart,
  SkipReason,
} from "@ringback/contracts/deliveries/redelivery-job";

/** A quarter of a second's worth at once: the rate holds over any second or so. */
const BATCHES_PER_SECOND = 4;
/** What one process may have on its way to the server at once, and what is published again after its end. */
const MAX_BATCH = 100;

/** How many deliveries a job starts at once. */
export const batchSize = ({ rate_per_second: rate }: RedeliveryJob): number =>
  Math.max(1, Math.min(MAX_BATCH, Math.floor(rate / BATCHES_PER_SECOND)));

/** How long after a batch was begun the next one may be: also when another process goes on. */
export const waitAfterBatchMs = (
  { batch, rate_per_second: rate }: RedeliveryJob,
  nowMs: number,
): number => {
  if (batch === null) return 0;
  const lastsMs = (batch.starts.length / rate) * 1_000;
  // Clocks of processes differ: never longer than the batch itself lasts.
  return Math.max(0, Math.min(lastsMs, Date.parse(batch.at) + lastsMs - nowMs));
};

/** A selected event, as the next batch has it. */
export type Selected = RedeliveryStart & {
  readonly storedAtMs: number;
  /** It is not sent. */
  readonly skip?: SkipReason | undefined;
};

/** The job with its batch started and counted, and no other begun. */
const settled = (job: RedeliveryJob, now: string): RedeliveryJob => ({
  ...job,
  sent: job.sent + (job.batch?.starts.length ?? 0),
  batch: null,
  updated_at: now,
});

/** The job once it is counted what it is for; what has a malformed subject is skipped at once. */
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
  const before = settled(job, now);
  if (job.stop_requested) return { ...before, state: "stopped" };
  const last = selected.at(-1);
  if (last === undefined) return { ...before, state: "done" };
  const starts = selected.flatMap(({ seq, call_id, agent_id, event_type, skip }) =>
    skip === undefined ? [{ seq, call_id, agent_id, event_type }] : [],
  );
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

/** The job with its end asked for; what it is just starting is still started. */
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
 * What a job tells of itself. Skipped is what matched when it began and was not sent: by a reason that is
 * noted, or `not_due`: when its turn had come it was being delivered, or delivered by others.
 */
export const countsOf = ({ found, sent, batch, state, skips = {} }: RedeliveryJob): JobCounts => {
  const all = sent + (batch?.starts.length ?? 0);
  const noted = Object.values(skips).reduce((sum, count) => sum + count, 0);
  // What became a dead letter while it ran is sent, too.
  const most = found === null ? null : Math.max(found, all + noted);
  const not_due = state === "done" ? (most ?? all + noted) - all - noted : 0;
  return {
    found: most,
    sent: all,
    skipped: noted + not_due,
    skipped_by_reason: { ...skips, ...(not_due === 0 ? {} : { not_due }) },
  };
};
