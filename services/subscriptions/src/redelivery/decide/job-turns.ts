import type { RedeliveryJob } from "@ringback/contracts/deliveries/redelivery-job";

type Job = Pick<RedeliveryJob, "workspace_id" | "redelivery_id">;

/** A job that has a place, and since when, in ms of a monotonic clock. */
export type ActiveJob = Job & { readonly sinceMs: number };

export type JobTurns<Waiting extends Job> = {
  readonly begin: readonly Waiting[];
  /** These make room: others wait, and will have it when these have ended their step. */
  readonly leave: readonly ActiveJob[];
};

export type TurnBounds = {
  readonly places: number;
  /** A job that has had its place for less keeps it. */
  readonly turnMs: number;
};

/**
 * Who may run: each workspace one job before any has a second (round robin). Where there are more than
 * places, those that have had their turn make room, of the workspaces with most jobs first.
 */
export const jobTurns = <Waiting extends Job>(
  waiting: readonly Waiting[],
  active: readonly ActiveJob[],
  nowMs: number,
  { places, turnMs }: TurnBounds,
): JobTurns<Waiting> => {
  const counts = new Map<string, number>();
  for (const { workspace_id } of active)
    counts.set(workspace_id, countIn(counts, workspace_id) + 1);
  const queue = inTurn(waiting, counts);
  const free = Math.max(0, places - active.length);
  const late = queue.length - free;
  const done = active
    .filter(({ sinceMs }) => nowMs - sinceMs >= turnMs)
    .toSorted(
      (a, b) =>
        countIn(counts, b.workspace_id) - countIn(counts, a.workspace_id) || a.sinceMs - b.sinceMs,
    );
  return { begin: queue.slice(0, free), leave: done.slice(0, Math.max(0, late)) };
};

const countIn = (counts: ReadonlyMap<string, number>, workspaceId: string): number =>
  counts.get(workspaceId) ?? 0;

/** In the order in which they get a place: the jobs of workspaces that have fewest first. */
const inTurn = <Waiting extends Job>(
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
