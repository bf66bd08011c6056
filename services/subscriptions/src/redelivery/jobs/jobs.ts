import { randomUUIDv7 } from "node:crypto";
import type { StreamState } from "@nats-io/jetstream";
import { idSchema } from "@ringback/contracts/id";
import type { RedeliveryJob } from "@ringback/contracts/deliveries/redelivery-job";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { z } from "zod";
import { withStopRequested } from "../decide/job.ts";
import type { RequestKey } from "../../idempotency/request-key.ts";
import { shownText, type Problem } from "../../http/problem.ts";
import { UnavailableError } from "../../streams/ask.ts";
import { streamState } from "../../streams/read-stream.ts";
import type { JobIndex } from "./job-index.ts";
import type { JobStore } from "./job-store.ts";
import { pinned, type PinDeps } from "../../idempotency/decide-once.ts";

/** Each has a rate of its own: more of them at once would be a way round it. */
export const MAX_RUNNING_JOBS = 5;

/** REDELIVERIES is everybody's: a workspace's jobs are kept for 30 days, and no more of them than this. */
export const MAX_KEPT_JOBS = 1_000;

const MAX_TRIES = 5;
/** Jobs that run note how far they are some times a second: a new one may have to look again. */
const MAX_ADDS = 50;

export type JobDeps = PinDeps & {
  readonly nats: Nats;
  readonly jobs: JobStore;
  readonly index: Pick<JobIndex, "countsIn" | "applied">;
};

/** What a job is asked to do; times are RFC 3339 in UTC. */
export type JobWish = Pick<
  RedeliveryJob,
  "workspace_id" | "agent_id" | "event_types" | "since" | "status" | "rate_per_second"
> & { readonly until: string | undefined };

export type JobResult =
  | { readonly kind: "job"; readonly job: RedeliveryJob; readonly isRepeat: boolean }
  | { readonly kind: "problem"; readonly problem: Problem };

const decidedSchema = z.object({ redelivery_id: idSchema });

const decidedIn = (noted: unknown) => decidedSchema.parse(noted);

/** Notes a new job; whichever process runs jobs finds it there. */
export const createJob = async (
  wish: JobWish,
  key: RequestKey | undefined,
  deps: JobDeps,
): Promise<JobResult> => {
  const { workspace_id: workspaceId } = wish;
  const decide = async () => {
    const problem = await refusal(workspaceId, await deps.jobs.lastSeqIn(workspaceId), deps);
    if (problem !== undefined) return { kind: "problem", problem } as const;
    return { kind: "decided", decided: { redelivery_id: randomUUIDv7() } } as const;
  };
  const decision = await pinned(workspaceId, key, decide, decidedIn, deps);
  if (decision.kind === "problem") return decision;
  const { redelivery_id } = decision.decided;
  const job = await newJob(wish, redelivery_id, deps);
  for (let n = 0; n < MAX_ADDS; n += 1) {
    const lastSeq = await deps.jobs.lastSeqIn(workspaceId);
    // Of many that ask at once each sees those that were first: what is noted meanwhile is a conflict.
    const stored = await deps.jobs.read(workspaceId, redelivery_id);
    if (stored !== undefined) return { kind: "job", job: stored.job, isRepeat: true };
    const problem = await refusal(workspaceId, lastSeq, deps);
    if (problem !== undefined) return { kind: "problem", problem };
    const added = await deps.jobs.add(job, lastSeq);
    if (added.kind === "stored") return { kind: "job", job, isRepeat: decision.isRepeat };
  }
  throw new UnavailableError(`the jobs of ${workspaceId} change too fast`);
};

const refusal = async (
  workspaceId: string,
  lastSeq: number,
  { index }: Pick<JobDeps, "index">,
): Promise<Problem | undefined> => {
  await index.applied(lastSeq);
  const { all, running } = index.countsIn(workspaceId);
  const code = "too_many_redeliveries";
  if (running >= MAX_RUNNING_JOBS) {
    const detail = `${running} redeliveries run in this workspace already, at most ${MAX_RUNNING_JOBS} may: wait for one to end, or stop it.`;
    return { code, detail };
  }
  if (all < MAX_KEPT_JOBS) return undefined;
  const detail = `This workspace has had ${all} redeliveries in the last 30 days, at most ${MAX_KEPT_JOBS} are kept: ask for more events in each.`;
  return { code, detail };
};

const newJob = async (
  { until, ...wish }: JobWish,
  redelivery_id: string,
  { nats, now }: JobDeps,
): Promise<RedeliveryJob> => {
  const [events, attempts, dead_letters] = await Promise.all([
    streamState(nats, STREAMS.events),
    streamState(nats, STREAMS.attempts),
    streamState(nats, STREAMS.deadLetters),
  ]);
  const at = timeAfter(events, now());
  return {
    ...wish,
    redelivery_id,
    // What happens from now on is not meant by it, whatever time was named.
    until: until === undefined || until > at ? at : until,
    created_at: at,
    updated_at: at,
    begins_after: {
      events: events.last_seq,
      attempts: attempts.last_seq,
      dead_letters: dead_letters.last_seq,
    },
    state: "running",
    stop_requested: false,
    found: null,
    sent: 0,
    cursor: null,
    batch: null,
  };
};

/** Now, and behind all events that are stored, whatever is wrong with a clock. */
const timeAfter = ({ last_ts, last_seq }: StreamState, now: Date): string => {
  const lastMs = last_seq === 0 ? 0 : Date.parse(last_ts) + 1;
  return new Date(Math.max(now.getTime(), lastMs)).toISOString();
};

/** Asks for a job's end; nothing is changed when it has ended already. */
export const stopJob = async (
  workspaceId: string,
  redeliveryId: string,
  { jobs, now }: Pick<JobDeps, "jobs" | "now">,
): Promise<Problem | undefined> => {
  for (let n = 0; n < MAX_TRIES; n += 1) {
    const stored = await jobs.read(workspaceId, redeliveryId);
    if (stored === undefined) return jobNotFound(redeliveryId);
    const { job, seq } = stored;
    if (job.state !== "running" || job.stop_requested) return undefined;
    const appended = await jobs.append(withStopRequested(job, now().toISOString()), seq);
    if (appended.kind === "stored") return undefined;
  }
  throw new UnavailableError(`job ${redeliveryId} goes on too fast to be stopped`);
};

export const jobNotFound = (redeliveryId: string): Problem => ({
  code: "redelivery_not_found",
  detail: `There is no redelivery ${shownText(redeliveryId)} in this workspace.`,
});
