import { LEASES } from "@ringback/contracts/streams/subjects";
import { pause } from "@ringback/runtime/process/backoff";
import { lease, type Lease } from "@ringback/runtime/streams/lease";
import { isUnavailable } from "@ringback/runtime/nats/errors";
import { nothingFound, type Findings, type OverdueWatchDeps } from "./repairs.ts";
import { missingSchedules } from "./lost-retries.ts";
import { stuckSchedules } from "./stuck-schedules.ts";

export type OverdueWatchOptions = OverdueWatchDeps & {
  /** Told after each round how long the most overdue retry is overdue; 0: none, or another watches. */
  readonly onOverdue: (ms: number) => void;
};

type Round = (findings: Findings, canGoOn: () => boolean, stopping: AbortSignal) => Promise<void>;

/**
 * Looks for retries that should have come back by now, and publishes them again (docs/adr/0013). Of all
 * dispatchers the one that has the lease does so; another takes over when it is gone.
 */
export const startOverdueWatch = (
  options: OverdueWatchOptions,
): { readonly stop: () => Promise<void> } => {
  const stopping = new AbortController();
  const ended = keepWatching(options, stopping.signal);
  return {
    stop: async () => {
      stopping.abort();
      await ended;
    },
  };
};

const keepWatching = async (options: OverdueWatchOptions, stopping: AbortSignal): Promise<void> => {
  const { nats, policy, log, onOverdue } = options;
  const turn = lease(nats, LEASES.overdueWatch, policy.leaseMs);
  let round: Round | undefined;
  while (!stopping.aborted) {
    const begunMs = performance.now();
    try {
      round = await ownRound(turn, round, options);
      if (round === undefined) onOverdue(0);
      else await goRound(round, turn, options, stopping);
    } catch (error) {
      // Once for a round, whatever it was in the middle of; the next one begins where this one was.
      if (stopping.aborted) return;
      log[isUnavailable(error) ? "warn" : "error"]({ err: error }, "overdue_watch.interrupted");
    }
    await pause(Math.max(0, policy.everyMs - (performance.now() - begunMs)), stopping);
  }
};

/** The watch's round while this process has the lease; begun anew when it has just got it. */
const ownRound = async (
  turn: Lease,
  round: Round | undefined,
  options: OverdueWatchOptions,
): Promise<Round | undefined> => {
  const isHeld = await turn.hold();
  if (isHeld && round !== undefined) return round;
  if (isHeld || round !== undefined) options.log.info({ watches: isHeld }, "overdue_watch.turn");
  return isHeld ? newRound(options) : undefined;
};

const newRound = (deps: OverdueWatchDeps): Round => {
  const stuck = stuckSchedules(deps);
  let missing: Awaited<ReturnType<typeof missingSchedules>>;
  return async (findings, canGoOn, stopping) => {
    await stuck(findings, canGoOn);
    missing ??= await missingSchedules(deps);
    await missing?.(findings, canGoOn, stopping);
  };
};

const goRound = async (
  round: Round,
  turn: Lease,
  { log, onOverdue }: OverdueWatchOptions,
  stopping: AbortSignal,
): Promise<void> => {
  const findings = nothingFound();
  try {
    await round(findings, () => turn.isHeld() && !stopping.aborted, stopping);
  } finally {
    // Also of a round that broke off: what cannot be published again is what people have to know of.
    const { overdue, missing, mostOverdueMs, example } = findings;
    onOverdue(mostOverdueMs);
    if (example !== undefined) {
      const { address, eventSeq, attempt } = example;
      const one = { ...address, event_seq: eventSeq, attempt };
      log.warn({ overdue, missing, most_overdue_ms: mostOverdueMs, one }, "retries.republished");
    }
  }
};
