import { LEASES } from "@ringback/contracts/subjects";
import { pause } from "@ringback/runtime/backoff";
import { lease } from "@ringback/runtime/lease";
import type { Logger } from "@ringback/runtime/logger";
import { isUnavailable } from "../unavailable.ts";
import type { JobIndex } from "./job-index.ts";
import { runJob, type RunJobDeps } from "./run-job.ts";

export type RunnerOptions = Omit<RunJobDeps, "mayGoOn" | "stopping"> & {
  readonly index: Pick<JobIndex, "running">;
  readonly log: Logger;
};

export type Runner = {
  /** There may be a new job. */
  readonly wake: () => void;
  readonly stop: () => Promise<void>;
};

const TURN_MS = 1_000;
/** How long jobs stand still when the process that runs them is gone. */
const LEASE_MS = 4_000;
/** Jobs at once; the others wait for their turn. */
const MAX_ACTIVE = 64;

/**
 * Runs redelivery jobs in whichever process has the lease. Where two are at it for a moment, REDELIVERIES lets
 * one of them note the next batch, and both start the same deliveries.
 */
export const startRedeliveryRunner = (options: RunnerOptions): Runner => {
  const { nats, index, log } = options;
  const stopping = new AbortController();
  const turn = lease(nats, LEASES.redelivery, LEASE_MS);
  const active = new Map<string, Promise<void>>();
  let waking = new AbortController();
  const deps: RunJobDeps = {
    ...options,
    stopping: stopping.signal,
    mayGoOn: () => turn.isHeld() && !stopping.signal.aborted,
  };
  // What this process had, and let run out for want of jobs, it asks for as if it had it still.
  const hold = async (): Promise<boolean> => (await turn.hold()) || (await turn.hold());
  const beginJobs = (): void => {
    for (const { workspace_id, redelivery_id } of index.running()) {
      const key = `${workspace_id}.${redelivery_id}`;
      if (active.has(key) || active.size >= MAX_ACTIVE) continue;
      log.info({ workspace_id, redelivery_id }, "redelivery.taken");
      const run = runJob({ workspace_id, redelivery_id }, deps)
        .then((state) => log.info({ workspace_id, redelivery_id, state }, "redelivery.left"))
        .catch((error: unknown) => logFailure(log, redelivery_id, error))
        .finally(() => active.delete(key));
      active.set(key, run);
    }
  };
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      waking = new AbortController();
      const wake = AbortSignal.any([stopping.signal, waking.signal]);
      try {
        if (index.running().length > 0 && (await hold())) beginJobs();
      } catch (error) {
        logFailure(log, undefined, error);
      }
      await pause(TURN_MS, wake);
    }
    await Promise.all(active.values());
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

/** It is tried again at the next turn. */
const logFailure = (log: Logger, redelivery_id: string | undefined, err: unknown): void => {
  if (isUnavailable(err)) log.warn({ err, redelivery_id }, "redelivery.waiting");
  else log.error({ err, redelivery_id }, "redelivery.failed");
};
