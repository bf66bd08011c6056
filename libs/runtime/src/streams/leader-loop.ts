import type { LeaseName } from "@ringback/contracts/streams/lease-subjects";
import type { Nats } from "../nats/connection.ts";
import { isUnavailable } from "../nats/errors.ts";
import { pause } from "../process/backoff.ts";
import { inBackground, type Background } from "../process/concurrency.ts";
import { logRepeated } from "../telemetry/repeated.ts";
import type { Logger } from "../telemetry/logger.ts";
import { lease } from "./lease.ts";

/** One round of the leader's work. Ends early once `canGoOn` is false: the lease is lost, or the process stops. */
export type LeaderRound = (canGoOn: () => boolean, stopping: AbortSignal) => Promise<void>;

export type LeaderLoopOptions = {
  readonly nats: Nats;
  readonly log: Logger;
  readonly lease: LeaseName;
  readonly ttlMs: number;
  readonly everyMs: number;
  /** Names of log events: leadership gained or lost, and a round that failed. */
  readonly logEvents: { readonly leadership: string; readonly interrupted: string };
  /** Makes the round of a new leader, who does not know what its predecessor did. */
  readonly lead: () => LeaderRound | Promise<LeaderRound>;
  /** Called instead of a round while another process leads. */
  readonly onFollowing?: () => void;
};

/**
 * Runs a round every `everyMs` in the one process that holds the lease; another takes over once the lease
 * has expired. A round that fails is logged, and the next one follows.
 */
export const startLeaderLoop = (options: LeaderLoopOptions): Background => {
  const { nats, log, ttlMs, everyMs, logEvents, lead, onFollowing } = options;
  const leadership = lease(nats, options.lease, ttlMs);
  let round: LeaderRound | undefined;
  const once = async (stopping: AbortSignal): Promise<void> => {
    const isHeld = await leadership.hold();
    if (isHeld !== (round !== undefined)) log.info({ watches: isHeld }, logEvents.leadership);
    round = isHeld ? (round ?? (await lead())) : undefined;
    if (round === undefined) onFollowing?.();
    else await round(() => leadership.isHeld() && !stopping.aborted, stopping);
  };
  return inBackground(async (stopping) => {
    while (!stopping.aborted) {
      const begunMs = performance.now();
      try {
        await once(stopping);
      } catch (err) {
        if (stopping.aborted) return;
        const level = isUnavailable(err) ? "warn" : "error";
        logRepeated(log, { err }, logEvents.interrupted, { level });
      }
      await pause(Math.max(0, everyMs - (performance.now() - begunMs)), stopping);
    }
  });
};
