import type { RedeliveryJob } from "@ringback/contracts/deliveries/redelivery-job";
import { REDELIVERY_JOBS, STREAMS } from "@ringback/contracts/streams/subjects";
import { idsInSubject } from "@ringback/contracts/streams/subject-ids";
import { followLastPerSubject, type LastMessage } from "@ringback/runtime/streams/last-per-subject";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";
import { UnavailableError } from "../../streams/ask.ts";
import type { Sight } from "../../sight/decide/sight.ts";
import { seesJob } from "../decide/job-sight.ts";
import { jobIn, type StoredJob } from "./job-store.ts";

/** All redelivery jobs of all workspaces, kept in memory and up to date from REDELIVERIES. */
export type JobIndex = {
  /** The jobs that are seen, newest first, from after this position on. */
  readonly page: (jobs: JobFilter, limit: number, after?: JobPosition) => JobPage;
  readonly running: () => readonly RedeliveryJob[];
  /** How many jobs a workspace has, and how many of them run. */
  readonly countsIn: (workspaceId: string) => { readonly all: number; readonly running: number };
  /** Resolves once everything up to `seq` is in the index; throws when that takes too long. */
  readonly applied: (seq: number) => Promise<void>;
  /** Forgets the jobs that the stream has dropped. */
  readonly compare: (state: { readonly first_seq: number }) => void;
  readonly stop: () => Promise<void>;
};

/** The jobs that are seen; with `endpointId`, those for this endpoint. */
type JobFilter = Sight & { readonly endpointId?: string | undefined };

type JobPage = { readonly jobs: readonly RedeliveryJob[]; readonly hasMore: boolean };

/** A job's position in the order of time, and of ids within a millisecond. */
export type JobPosition = Pick<RedeliveryJob, "created_at" | "redelivery_id">;

export type JobIndexOptions = {
  readonly nats: Nats;
  /** Called whenever there is a new running job. */
  readonly onNew: () => void;
  readonly onStreamLost: (error: unknown) => void;
  readonly log: Logger;
};

/** Reads every job's last message, then follows new ones. */
export const followJobs = ({ nats, onNew, onStreamLost, log }: JobIndexOptions): JobIndex => {
  const known = new Map<string, StoredJob>();
  const values = followLastPerSubject({
    nats,
    stream: STREAMS.redeliveries,
    filter: REDELIVERY_JOBS,
    apply: (value) => {
      const job = jobOf(value, log);
      if (job === undefined) return;
      const isNew = !known.has(value.subject);
      known.set(value.subject, { job, seq: value.seq });
      if (isNew && job.state === "running") onNew();
    },
    onStreamLost,
    log,
  });
  const jobs = (): RedeliveryJob[] => [...known.values()].map(({ job }) => job);
  const jobsIn = (workspaceId: string): RedeliveryJob[] =>
    jobs().filter(({ workspace_id }) => workspace_id === workspaceId);
  return {
    page: ({ endpointId, ...sight }, limit, after) => {
      const own = jobsIn(sight.workspaceId).filter((job) => seesJob(sight, job));
      const ofEndpoint = own.filter(({ endpoint_id }) => endpoint_id === endpointId);
      return pageOf(endpointId === undefined ? own : ofEndpoint, limit, after);
    },
    running: () => jobs().filter(isRunning),
    countsIn: (workspaceId) => {
      const own = jobsIn(workspaceId);
      return { all: own.length, running: own.filter(isRunning).length };
    },
    applied: async (seq) => {
      if (await values.applied(seq)) return;
      throw new UnavailableError(`the list of jobs is behind: ${values.appliedUpTo()}/${seq}`);
    },
    compare: ({ first_seq }) => {
      for (const [subject, { seq }] of known) if (seq < first_seq) known.delete(subject);
    },
    stop: values.stop,
  };
};

const jobOf = ({ subject, seq, data }: LastMessage, log: Logger): RedeliveryJob | undefined => {
  try {
    return jobIn(data);
  } catch (err) {
    log.error({ err, ...idsInSubject(subject), subject, seq }, "job_index.invalid_message");
    return undefined;
  }
};

const isRunning = ({ state }: RedeliveryJob): boolean => state === "running";

const isBefore = (a: JobPosition, b: JobPosition): boolean =>
  a.created_at === b.created_at ? a.redelivery_id < b.redelivery_id : a.created_at < b.created_at;

const pageOf = (
  jobs: readonly RedeliveryJob[],
  limit: number,
  after: JobPosition | undefined,
): JobPage => {
  const behind = jobs
    .filter((job) => after === undefined || isBefore(job, after))
    .toSorted((a, b) => (isBefore(a, b) ? 1 : -1));
  return { jobs: behind.slice(0, limit), hasMore: behind.length > limit };
};
