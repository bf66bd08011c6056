import { LEASES } from "@ringback/contracts/streams/lease-subjects";
import { startLeaderLoop, type LeaderRound } from "@ringback/runtime/streams/leader-loop";
import { firstAttempts, type FirstAttempts } from "../observe/decide/first-attempts.ts";
import { attemptIds } from "../settle/dead-letter.ts";
import type { RepairDeps, Repairs } from "./repairs.ts";
import { lostRetries } from "./lost-retries.ts";
import { stuckSchedules } from "./stuck-schedules.ts";

type RetryReconcilerOptions = RepairDeps & {
  /** Called after each round with the age of the most overdue retry; 0: none. Undefined: another process leads. */
  readonly onOverdue: (ms: number | undefined) => void;
  /** Called with what a new leader counts, and undefined where another process leads. */
  readonly onWaiting: (waiting: FirstAttempts | undefined) => void;
};

/**
 * Finds retries that the server should have delivered by now, and publishes them again (docs/adr/0013), in
 * the one dispatcher that holds the lease.
 */
export const startRetryReconciler = (
  options: RetryReconcilerOptions,
): { readonly stop: () => Promise<void> } => {
  const { nats, log, policy, onOverdue, onWaiting } = options;
  return startLeaderLoop({
    nats,
    log,
    lease: LEASES.retryReconciler,
    ttlMs: policy.leaseMs,
    everyMs: policy.everyMs,
    logEvents: { leadership: "overdue_watch.turn", interrupted: "overdue_watch.interrupted" },
    lead: () => repairRound(options),
    onFollowing: () => {
      onOverdue(undefined);
      onWaiting(undefined);
    },
  });
};

const repairRound = (options: RetryReconcilerOptions): LeaderRound => {
  const waiting = firstAttempts();
  options.onWaiting(waiting);
  const repairStuck = stuckSchedules(options, waiting);
  let repairLost: Awaited<ReturnType<typeof lostRetries>>;
  return async (canGoOn, stopping) => {
    const repairs: Repairs = { maxOverdueMs: 0, overdue: 0, missing: 0, example: undefined };
    try {
      await repairStuck(repairs, canGoOn);
      repairLost ??= await lostRetries(options);
      await repairLost?.(repairs, canGoOn, stopping);
    } finally {
      // Also when the round failed: people must know of retries that cannot be published again.
      const { overdue, missing, maxOverdueMs, example } = repairs;
      options.onOverdue(maxOverdueMs);
      if (example !== undefined) {
        const trace_id = example.trace?.traceId;
        const one = { ...attemptIds(example, options.store), trace_id };
        const counts = { overdue, missing, most_overdue_ms: maxOverdueMs, one };
        options.log.warn(counts, "retries.republished");
      }
    }
  };
};
