import { LEASES } from "@ringback/contracts/streams/subjects";
import { pause } from "@ringback/runtime/process/backoff";
import { lease } from "@ringback/runtime/streams/lease";
import { isUnavailable } from "@ringback/runtime/nats/errors";
import { ENDPOINT_HEALTH } from "./decide/health.ts";
import { endpointRounds, type EndpointRound, type EndpointRoundDeps } from "./evaluate.ts";

export type EndpointWatchPolicy = Pick<EndpointRoundDeps, "health"> & {
  /** How often the watch goes round. */
  readonly everyMs: number;
  /** How long one dispatcher is the one that watches, after it last said so. */
  readonly leaseMs: number;
};

export const ENDPOINT_WATCH: EndpointWatchPolicy = {
  everyMs: 2_000,
  leaseMs: 10_000,
  health: ENDPOINT_HEALTH,
};

export type EndpointWatchOptions = Omit<EndpointRoundDeps, "health"> & {
  readonly policy: EndpointWatchPolicy;
};

/**
 * Follows all attempts and tells on OPERATIONS when an endpoint fails, and when it has recovered
 * (docs/adr/0018). Of all dispatchers the one that has the lease does so; another takes over when it is
 * gone.
 */
export const startEndpointWatch = (
  options: EndpointWatchOptions,
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

const keepWatching = async (
  options: EndpointWatchOptions,
  stopping: AbortSignal,
): Promise<void> => {
  const { nats, log, policy } = options;
  const turn = lease(nats, LEASES.endpointWatch, policy.leaseMs);
  let round: EndpointRound | undefined;
  while (!stopping.aborted) {
    const begunMs = performance.now();
    try {
      const isHeld = await turn.hold();
      if (isHeld !== (round !== undefined)) log.info({ watches: isHeld }, "endpoint_watch.turn");
      // One who has just got the lease knows nothing of what others told.
      if (!isHeld) round = undefined;
      else round ??= await endpointRounds({ ...options, health: policy.health });
      await round?.(() => turn.isHeld() && !stopping.aborted);
    } catch (error) {
      // What was not told is told in the next round.
      if (stopping.aborted) return;
      log[isUnavailable(error) ? "warn" : "error"]({ err: error }, "endpoint_watch.interrupted");
    }
    await pause(Math.max(0, policy.everyMs - (performance.now() - begunMs)), stopping);
  }
};
