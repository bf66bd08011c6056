import { randomUUIDv7 } from "node:crypto";
import type { StreamState } from "@nats-io/jetstream";
import { idSchema } from "@ringback/contracts/id";
import type { RedeliveryJob } from "@ringback/contracts/deliveries/redelivery-job";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { z } from "zod";
import type { RequestKey } from "../../idempotency/request-key.ts";
import { decideOnce, type Rejected } from "../../idempotency/decide-once.ts";
import { UnavailableError } from "../../streams/ask.ts";
import { streamState } from "../../streams/read-stream.ts";
import type { Sight } from "../../sight/decide/sight.ts";
import { seesJob, sightOfJob } from "../decide/job-sight.ts";
import { withStopRequested } from "../decide/job.ts";
import { rejected } from "../deliverable-event.ts";
import type { RedeliveryDeps, Rejection } from "../deps.ts";
import { namedEndpoints } from "../named-endpoints.ts";

/** Each job has a rate of its own: many jobs at once would get round it. */
export const MAX_RUNNING_JOBS = 5;

/** All workspaces share REDELIVERIES, which keeps jobs for 30 days: this many of a workspace. */
export const MAX_KEPT_JOBS = 1_000;

const MAX_TRIES = 5;
/** Running jobs store their progress some times a second, which conflicts with adding a job. */
const MAX_ADDS = 50;

/** What a job has to redeliver; times are RFC 3339 in UTC. */
export type JobRequest = Pick<
  RedeliveryJob,
  | "workspace_id"
  | "agent_id"
  | "agents"
  | "endpoint_id"
  | "event_types"
  | "since"
  | "status"
  | "rate_per_second"
> & { readonly until: string | undefined };

type JobResult =
  | { readonly kind: "job"; readonly job: RedeliveryJob; readonly isRepeat: boolean }
  | Rejected<Rejection>;

const decidedSchema = z.object({ redelivery_id: idSchema });

/** Stores a new job, which the process that runs jobs picks up. */
export const createJob = async (
  request: JobRequest,
  key: RequestKey | undefined,
  deps: RedeliveryDeps,
): Promise<JobResult> => {
  const { workspace_id: workspaceId } = request;
  const decide = async () =>
    (await endpointRejection(request, deps)) ??
    (await fullWorkspace(workspaceId, deps)) ??
    ({ kind: "decided", decided: { redelivery_id: randomUUIDv7() } } as const);
  const once = await decideOnce(
    { workspaceId, key },
    decide,
    (stored) => decidedSchema.parse(stored),
    deps,
  );
  if (once.kind === "rejected") return once;
  const stored = await storeJob(request, once.decided.redelivery_id, deps);
  return stored.kind === "job" && once.isRepeat ? { ...stored, isRepeat: true } : stored;
};

/** Stores a job under this id, unless it is there already. */
export const storeJob = async (
  request: JobRequest,
  redelivery_id: string,
  deps: RedeliveryDeps,
): Promise<JobResult> => {
  const { workspace_id: workspaceId } = request;
  const { jobs } = deps;
  const job = await newJob(request, redelivery_id, deps);
  for (let n = 0; n < MAX_ADDS; n += 1) {
    const lastSeq = await jobs.lastSeqIn(workspaceId);
    // The limits hold for concurrent requests too: a job that is stored meanwhile is a conflict.
    const stored = await jobs.read(workspaceId, redelivery_id);
    if (stored !== undefined) return { kind: "job", job: stored.job, isRepeat: true };
    const rejection = await rejectionNow(workspaceId, lastSeq, deps);
    if (rejection !== undefined) return rejection;
    const added = await jobs.add(job, lastSeq);
    if (added.kind === "stored") return { kind: "job", job, isRepeat: false };
  }
  throw new UnavailableError(`the jobs of ${workspaceId} change too fast`);
};

const endpointRejection = async (
  { endpoint_id: endpointId, ...request }: JobRequest,
  { endpoints, due, endpointsSeenBy }: RedeliveryDeps,
): Promise<Rejected<Rejection> | undefined> => {
  if (endpointId === undefined) return undefined;
  const sight = sightOfJob(request, endpointsSeenBy);
  const found = await namedEndpoints(sight, [endpointId], endpoints);
  if (found.kind === "rejected") return found;
  return due.allKnowEndpoints() ? undefined : rejected({ kind: "dispatchers_outdated" });
};

/** Why the workspace can have no further job now; undefined: it can. */
export const fullWorkspace = async (
  workspaceId: string,
  deps: Pick<RedeliveryDeps, "index" | "jobs">,
): Promise<Rejected<Rejection> | undefined> =>
  rejectionNow(workspaceId, await deps.jobs.lastSeqIn(workspaceId), deps);

const rejectionNow = async (
  workspaceId: string,
  lastSeq: number,
  { index }: Pick<RedeliveryDeps, "index">,
): Promise<Rejected<Rejection> | undefined> => {
  await index.applied(lastSeq);
  const { all: kept, running } = index.countsIn(workspaceId);
  if (running >= MAX_RUNNING_JOBS) return rejected({ kind: "too_many_running", running });
  return kept >= MAX_KEPT_JOBS ? rejected({ kind: "too_many_kept", kept }) : undefined;
};

const newJob = async (
  { until, ...request }: JobRequest,
  redelivery_id: string,
  { nats, now }: Pick<RedeliveryDeps, "nats" | "now">,
): Promise<RedeliveryJob> => {
  const [events, attempts, dead_letters] = await Promise.all([
    streamState(nats, STREAMS.events),
    streamState(nats, STREAMS.attempts),
    streamState(nats, STREAMS.deadLetters),
  ]);
  const at = timeAfter(events, now());
  return {
    ...request,
    redelivery_id,
    // The job leaves out what happens from now on, whatever time the request names.
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

/** Now, and after all stored events, also where a clock is wrong. */
const timeAfter = ({ last_ts, last_seq }: StreamState, now: Date): string => {
  const lastMs = last_seq === 0 ? 0 : Date.parse(last_ts) + 1;
  return new Date(Math.max(now.getTime(), lastMs)).toISOString();
};

/** Requests a job's end; changes nothing when it has ended already. */
export const stopJob = async (
  sight: Sight,
  redeliveryId: string,
  { jobs, now }: Pick<RedeliveryDeps, "jobs" | "now">,
): Promise<Rejected<Rejection> | undefined> => {
  for (let n = 0; n < MAX_TRIES; n += 1) {
    const stored = await jobs.read(sight.workspaceId, redeliveryId);
    if (stored === undefined || !seesJob(sight, stored.job)) {
      return rejected({ kind: "job_not_found" });
    }
    const { job, seq } = stored;
    if (job.state !== "running" || job.stop_requested) return undefined;
    const appended = await jobs.append(withStopRequested(job, now().toISOString()), seq);
    if (appended.kind === "stored") return undefined;
  }
  throw new UnavailableError(`job ${redeliveryId} changes too fast to be stopped`);
};
