import type { RedeliveryJob } from "@ringback/contracts/deliveries/redelivery-job";
import { redeliveryDeliveryId } from "@ringback/contracts/deliveries/delivery-id";
import { DISPATCHER_CONSUMER, STREAMS } from "@ringback/contracts/streams/subjects";
import { pause } from "@ringback/runtime/process/backoff";
import { consumerInfo } from "@ringback/runtime/streams/consumers";
import { nextBatch, waitAfterBatchMs, withMatches } from "../decide/job.ts";
import type { Projection } from "../../projection/projection.ts";
import type { JobKey } from "../decide/job-slots.ts";
import { ask } from "../../streams/ask.ts";
import type { RedeliveryDeps } from "../deps.ts";
import { jobEndpoint } from "./job-endpoint.ts";
import type { JobStore, StoredJob } from "./job-store.ts";
import { narrowing, selectBatch, selectRows, type Choice } from "./select-batch.ts";
import { firstOfRedelivery, startRedelivery, wasStarted } from "../start-delivery.ts";

export type RunJobDeps = Pick<
  RedeliveryDeps,
  "nats" | "due" | "rules" | "now" | "endpointsSeenBy"
> & {
  readonly jobs: Pick<JobStore, "read" | "append">;
  readonly projection: Pick<
    Projection,
    "selectForRedelivery" | "countMalformed" | "appliedUpTo" | "lag"
  >;
  /** False once another process may run the job. */
  readonly mayGoOn: () => boolean;
  readonly stopping: AbortSignal;
};

/** The dispatchers are busy when more retries than this are due. */
const MAX_DUE = 500;
const CHECK_AGAIN_MS = 250;
/** Counting in pages keeps the event loop free. */
const COUNT_PAGE = 1_000;
/** The server remembers message ids for 10 min; half of that is safe to rely on. */
const IDS_REMEMBERED_MS = 5 * 60_000;

/**
 * Runs a job on from its stored progress, for as long as this process may; returns its state then. Each
 * batch is stored before it starts, so that the next process starts the same deliveries with the same ids.
 */
export const runJob = async (
  { workspace_id, redelivery_id }: JobKey,
  deps: RunJobDeps,
): Promise<RedeliveryJob["state"] | undefined> => {
  const read = () => deps.jobs.read(workspace_id, redelivery_id);
  const startedBatch = { seq: 0 };
  let stored = await read();
  while (stored?.job.state === "running" && deps.mayGoOn()) {
    stored = (await nextStep(stored, startedBatch, deps)) ?? (await read());
  }
  return stored?.job.state;
};

/** The job one step further; undefined: read it again. */
const nextStep = async (
  stored: StoredJob,
  startedBatch: { seq: number },
  deps: RunJobDeps,
): Promise<StoredJob | undefined> => {
  const { job, seq } = stored;
  if (!isKnown(job, deps) || !knowItsEndpoints(job, deps)) return later(deps);
  const found = await jobEndpoint(deps.nats, job);
  const choice = found.kind === "endpoint" ? found.endpoint : undefined;
  const isToStop = job.stop_requested || found.kind === "gone";
  if (job.found === null && !isToStop) {
    const matches = await countMatches(job, choice, deps);
    if (matches === undefined) return undefined;
    // What has no address is of no agent and no type that an endpoint could choose.
    const malformed =
      choice === undefined
        ? await deps.projection.countMalformed(narrowing(job, deps.endpointsSeenBy))
        : 0;
    return storeJob(withMatches(job, matches, malformed), seq, deps);
  }
  if (startedBatch.seq !== seq) {
    await startBatch(job, deps);
    startedBatch.seq = seq;
  }
  await pause(waitAfterBatchMs(job, deps.now().getTime()), deps.stopping);
  if (!isToStop && !(await hasRoom(deps))) return later(deps);
  const selected = isToStop ? [] : await selectBatch(job, choice, deps);
  if (selected === "wait") return later(deps);
  if (!deps.mayGoOn()) return stored;
  const next = nextBatch({ ...job, stop_requested: isToStop }, selected, deps.now().toISOString());
  return knowItsEndpoints(next, deps) ? storeJob(next, seq, deps) : later(deps);
};

/** False while a dispatcher runs that would send deliveries of this job to the agents' subscriptions. */
const knowItsEndpoints = ({ endpoint_id, batch }: RedeliveryJob, { due }: RunJobDeps): boolean => {
  const starts = batch?.starts ?? [];
  const toEndpoints = [endpoint_id, ...starts.map((start) => start.endpoint_id)];
  return toEndpoints.every((id) => id === undefined) || due.allKnowEndpoints();
};

/** The projection has everything that was stored when the job was created. */
const isKnown = ({ begins_after }: RedeliveryJob, { projection }: RunJobDeps): boolean => {
  const lag = projection.lag();
  return (["events", "attempts", "dead_letters"] as const).every(
    (stream) => lag[stream] === 0 || projection.appliedUpTo(stream) >= begins_after[stream],
  );
};

const later = async ({ stopping }: RunJobDeps): Promise<undefined> => {
  await pause(CHECK_AGAIN_MS, stopping);
  return undefined;
};

/** Undefined: a caller stopped the job meanwhile, or another process runs it. */
const storeJob = async (
  job: RedeliveryJob,
  after: number,
  { jobs }: RunJobDeps,
): Promise<StoredJob | undefined> => {
  const appended = await jobs.append(job, after);
  return appended.kind === "stored" ? { job, seq: appended.seq } : undefined;
};

const countMatches = async (
  job: RedeliveryJob,
  choice: Choice,
  deps: RunJobDeps,
): Promise<number | undefined> => {
  let found = 0;
  for (let cursor = job.cursor; deps.mayGoOn();) {
    const page = await selectRows({ ...job, cursor }, COUNT_PAGE, choice, deps);
    found += page.length;
    const last = page.at(-1);
    if (last === undefined || page.length < COUNT_PAGE) return found;
    cursor = { at_ms: last.storedAtMs, seq: last.seq };
  }
  return undefined;
};

const startBatch = async (job: RedeliveryJob, deps: RunJobDeps): Promise<void> => {
  const { batch, workspace_id: workspaceId, redelivery_id: redeliveryId } = job;
  if (batch === null) return;
  const dueMs = deps.now().getTime();
  const isOld = dueMs - Date.parse(batch.at) > IDS_REMEMBERED_MS;
  await Promise.all(
    batch.starts.map(async ({ seq, call_id, agent_id, event_type, endpoint_id }) => {
      const address = { workspaceId, callId: call_id, agentId: agent_id, eventType: event_type };
      const deliveryId = redeliveryDeliveryId(seq, redeliveryId, endpoint_id);
      const retry = firstOfRedelivery({ seq, address }, deliveryId, dueMs, redeliveryId);
      if (isOld && (await wasStarted(deps.nats, retry))) return;
      await startRedelivery(deps, retry);
    }),
  );
};

/** False while dispatchers are away or busy: more due retries would only queue up. */
const hasRoom = async ({ nats }: RunJobDeps): Promise<boolean> => {
  const info = await ask(nats, "counting what is due", () =>
    consumerInfo(nats, STREAMS.retries, DISPATCHER_CONSUMER),
  );
  return info !== undefined && info.num_pending < MAX_DUE;
};
