import type { RedeliveryJob } from "@ringback/contracts/deliveries/redelivery-job";
import { LEASES } from "@ringback/contracts/streams/lease-subjects";
import { pause } from "@ringback/runtime/process/backoff";
import { lease } from "@ringback/runtime/streams/lease";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import { jobTurns, type ActiveJob } from "../decide/job-turns.ts";
import { isUnavailable } from "../../streams/ask.ts";
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
/** Jobs at once, and how long one keeps its place while others wait. */
const PLACES = { places: 64, turnMs: 5_000 };

type Active = ActiveJob & { readonly run: Promise<void>; readonly leaving: AbortController };

/**
 * Runs redelivery jobs in whichever process has the lease. Where two are at it for a moment, REDELIVERIES lets
 * one of them note the next batch, and both start the same deliveries.
 */
export const startRedeliveryRunner = (options: RunnerOptions): Runner => {
  const { nats, index, log } = options;
  const stopping = new AbortController();
  const turn = lease(nats, LEASES.redelivery, LEASE_MS);
  const active = new Map<string, Active>();
  const hadTurnMs = new Map<string, number>();
  let waking = new AbortController();
  // What this process had, and let run out for want of jobs, it asks for as if it had it still.
  const hold = async (): Promise<boolean> => (await turn.hold()) || (await turn.hold());
  const begin = ({ workspace_id, redelivery_id }: JobKey): void => {
    const key = keyOf({ workspace_id, redelivery_id });
    const leaving = new AbortController();
    const deps: RunJobDeps = {
      ...options,
      stopping: AbortSignal.any([stopping.signal, leaving.signal]),
      mayGoOn: () => turn.isHeld() && !stopping.signal.aborted && !leaving.signal.aborted,
    };
    log.info({ workspace_id, redelivery_id }, "redelivery.taken");
    const run = runJob({ workspace_id, redelivery_id }, deps)
      .then((state) => log.info({ workspace_id, redelivery_id, state }, "redelivery.left"))
      .catch((error: unknown) => logFailure(log, redelivery_id, error))
      .finally(() => {
        active.delete(key);
        hadTurnMs.set(key, performance.now());
      });
    active.set(key, { workspace_id, redelivery_id, sinceMs: performance.now(), run, leaving });
  };
  const giveTurns = (): void => {
    const running = index.running();
    const known = new Set(running.map(keyOf));
    for (const key of hadTurnMs.keys()) if (!known.has(key)) hadTurnMs.delete(key);
    const lastMs = (job: JobKey): number => hadTurnMs.get(keyOf(job)) ?? 0;
    const waiting = running
      .filter((job) => !active.has(keyOf(job)))
      .toSorted((a, b) => lastMs(a) - lastMs(b));
    const turns = jobTurns(waiting, [...active.values()], performance.now(), PLACES);
    for (const job of turns.begin) begin(job);
    for (const job of turns.leave) active.get(keyOf(job))?.leaving.abort();
  };
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      waking = new AbortController();
      const wake = AbortSignal.any([stopping.signal, waking.signal]);
      try {
        if (index.running().length > 0 && (await hold())) giveTurns();
      } catch (error) {
        logFailure(log, undefined, error);
      }
      await pause(TURN_MS, wake);
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

type JobKey = Pick<RedeliveryJob, "workspace_id" | "redelivery_id">;

const keyOf = ({ workspace_id, redelivery_id }: JobKey): string =>
  `${workspace_id}.${redelivery_id}`;

/** It is tried again at the next turn. */
const logFailure = (log: Logger, redelivery_id: string | undefined, err: unknown): void => {
  if (isUnavailable(err)) log.warn({ err, redelivery_id }, "redelivery.waiting");
  else log.error({ err, redelivery_id }, "redelivery.failed");
};
