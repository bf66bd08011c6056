import { LEASES } from "@ringback/contracts/streams/lease-subjects";
import { pause } from "@ringback/runtime/process/backoff";
import { lease } from "@ringback/runtime/streams/lease";
import { logRepeated } from "@ringback/runtime/telemetry/repeated";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { assignSlots, type ActiveJob, type JobKey } from "../decide/job-slots.ts";
import { isUnavailable } from "../../streams/ask.ts";
import type { JobIndex } from "./job-index.ts";
import { runJob, type RunJobDeps } from "./run-job.ts";

export type RunnerOptions = Omit<RunJobDeps, "mayGoOn" | "stopping"> & {
  readonly index: Pick<JobIndex, "running">;
  readonly log: Logger;
};

type Runner = { readonly wake: () => void; readonly stop: () => Promise<void> };

const ROUND_EVERY_MS = 1_000;
/** How long jobs stand still when the process that runs them is gone. */
const LEASE_MS = 4_000;
/** Jobs at once, and how long a job keeps its slot while others wait. */
const SLOTS = { slots: 64, minHeldMs: 5_000 };

type Active = ActiveJob & { readonly run: Promise<void>; readonly leaving: AbortController };

/**
 * Runs redelivery jobs in the process that has the lease; `wake` says that there may be a new one. Where two
 * processes run a job for a moment, REDELIVERIES lets one of them store the next batch, and both start the same
 * deliveries.
 */
export const startRedeliveryRunner = (options: RunnerOptions): Runner => {
  const { nats, index, log } = options;
  const stopping = new AbortController();
  const leader = lease(nats, LEASES.redelivery, LEASE_MS);
  const active = new Map<string, Active>();
  const lastRanMs = new Map<string, number>();
  let waking = new AbortController();
  // Twice: the first call may renew a lease of its own that ran out while there were no jobs.
  const hold = async (): Promise<boolean> => (await leader.hold()) || (await leader.hold());
  const begin = ({ workspace_id, redelivery_id }: JobKey): void => {
    const job = { workspace_id, redelivery_id };
    const leaving = new AbortController();
    const deps: RunJobDeps = {
      ...options,
      stopping: AbortSignal.any([stopping.signal, leaving.signal]),
      mayGoOn: () => leader.isHeld() && !stopping.signal.aborted && !leaving.signal.aborted,
    };
    log.info(job, "redelivery.taken");
    const run = runJob(job, deps)
      .then((state) => log.info({ ...job, state }, "redelivery.left"))
      .catch((error: unknown) => logFailure(log, job, error))
      .finally(() => {
        active.delete(keyOf(job));
        lastRanMs.set(keyOf(job), performance.now());
      });
    active.set(keyOf(job), { ...job, sinceMs: performance.now(), run, leaving });
  };
  const assign = (): void => {
    const running = index.running();
    const known = new Set(running.map(keyOf));
    for (const key of lastRanMs.keys()) if (!known.has(key)) lastRanMs.delete(key);
    const lastMs = (job: JobKey): number => lastRanMs.get(keyOf(job)) ?? 0;
    const waiting = running
      .filter((job) => !active.has(keyOf(job)))
      .toSorted((a, b) => lastMs(a) - lastMs(b));
    const slots = assignSlots(waiting, [...active.values()], performance.now(), SLOTS);
    for (const job of slots.begin) begin(job);
    for (const job of slots.leave) active.get(keyOf(job))?.leaving.abort();
  };
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      waking = new AbortController();
      const wake = AbortSignal.any([stopping.signal, waking.signal]);
      try {
        if (index.running().length > 0 && (await hold())) assign();
      } catch (error) {
        logFailure(log, undefined, error);
      }
      await pause(ROUND_EVERY_MS, wake);
    }
    await Promise.all([...active.values()].map(({ run }) => run));
  };
  const ended = loop();
  return {
    wake: () => waking.abort(),
    stop: async () => {
      stopping.abort();
      await ended;
    },
  };
};

const keyOf = ({ workspace_id, redelivery_id }: JobKey): string =>
  `${workspace_id}.${redelivery_id}`;

/** The next round tries again. */
const logFailure = (log: Logger, job: JobKey | undefined, err: unknown): void => {
  if (isUnavailable(err)) logRepeated(log, { err, ...job }, "redelivery.waiting");
  else log.error({ err, ...job }, "redelivery.failed");
};
