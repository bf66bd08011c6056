import { LEASES } from "@ringback/contracts/streams/lease-subjects";
import { startLeaderLoop } from "@ringback/runtime/streams/leader-loop";
import { ENDPOINT_HEALTH } from "./decide/health.ts";
import { evaluationRound, type EvaluationDeps } from "./evaluate.ts";

export type HealthEvaluationPolicy = Pick<EvaluationDeps, "health"> & {
  readonly everyMs: number;
  /** Another dispatcher may take over so long after the leader's last round began. */
  readonly leaseMs: number;
};

export const HEALTH_EVALUATION: HealthEvaluationPolicy = {
  everyMs: 2_000,
  leaseMs: 10_000,
  health: ENDPOINT_HEALTH,
};

/**
 * Follows all attempts and publishes on OPERATIONS when an endpoint fails and when it has recovered
 * (docs/adr/0018), in the one dispatcher that holds the lease.
 */
export const startHealthEvaluation = (
  options: Omit<EvaluationDeps, "health"> & { readonly policy: HealthEvaluationPolicy },
): { readonly stop: () => Promise<void> } => {
  const { nats, log, policy } = options;
  return startLeaderLoop({
    nats,
    log,
    lease: LEASES.healthEvaluation,
    ttlMs: policy.leaseMs,
    everyMs: policy.everyMs,
    logEvents: { leadership: "endpoint_watch.turn", interrupted: "endpoint_watch.interrupted" },
    lead: () => evaluationRound({ ...options, health: policy.health }),
  });
};
