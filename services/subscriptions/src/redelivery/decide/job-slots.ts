import type { RedeliveryJob } from "@ringback/contracts/deliveries/redelivery-job";

/** What names a job. */
export type JobKey = Pick<RedeliveryJob, "workspace_id" | "redelivery_id">;

/** A job that has a slot, and since when, in ms of a monotonic clock. */
export type ActiveJob = JobKey & { readonly sinceMs: number };

export type SlotChanges<Waiting extends JobKey> = {
  readonly begin: readonly Waiting[];
  /** These make room for waiting jobs, which begin when these have ended their step. */
  readonly leave: readonly ActiveJob[];
};

export type SlotBounds = {
  readonly slots: number;
  /** A job keeps its slot for at least this long. */
  readonly minHeldMs: number;
};

/**
 * Which jobs run: one of each workspace before any workspace has a second (round robin). Where jobs wait for
 * slots, those that held theirs for long enough make room, of the workspaces with most jobs first.
 */
export const assignSlots = <Waiting extends JobKey>(
  waiting: readonly Waiting[],
  active: readonly ActiveJob[],
  nowMs: number,
  { slots, minHeldMs }: SlotBounds,
): SlotChanges<Waiting> => {
  const counts = new Map<string, number>();
  for (const { workspace_id } of active)
    counts.set(workspace_id, countIn(counts, workspace_id) + 1);
  const queue = roundRobin(waiting, counts);
  const free = Math.max(0, slots - active.length);
  const missing = queue.length - free;
  const done = active
    .filter(({ sinceMs }) => nowMs - sinceMs >= minHeldMs)
    .toSorted(
      (a, b) =>
        countIn(counts, b.workspace_id) - countIn(counts, a.workspace_id) || a.sinceMs - b.sinceMs,
    );
  return { begin: queue.slice(0, free), leave: done.slice(0, Math.max(0, missing)) };
};

const countIn = (counts: ReadonlyMap<string, number>, workspaceId: string): number =>
  counts.get(workspaceId) ?? 0;

/** The order in which jobs get a slot: those of workspaces with the fewest jobs first. */
const roundRobin = <Waiting extends JobKey>(
  waiting: readonly Waiting[],
  counts: ReadonlyMap<string, number>,
): Waiting[] => {
  const ahead = new Map(counts);
  const ranked = waiting.map((job) => {
    const rank = countIn(ahead, job.workspace_id);
    ahead.set(job.workspace_id, rank + 1);
    return { job, rank };
  });
  return ranked.toSorted((a, b) => a.rank - b.rank).map(({ job }) => job);
};
