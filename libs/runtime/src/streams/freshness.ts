import type { StreamName } from "@ringback/contracts/streams/subjects";
import { pause } from "../process/backoff.ts";
import { elapsedMs } from "../process/elapsed.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Nats } from "../nats/connection.ts";
import { hasQuorum } from "../nats/quorum.ts";

const LOOK_EVERY_MS = 1_000;
/** A copy that was not known to be complete for this long may be behind. */
const CURRENT_FOR_MS = 2_000;
/** Without a reply for this long the stream is unavailable. */
const REPLIED_FOR_MS = 3_000;
/** A message that is missing this long after the stream reported it will not arrive by itself. */
const BEHIND_FOR_MS = 1_000;

/** How complete a copy of a stream is. */
export type Freshness = {
  /** How long ago the copy was last known to be complete, in ms. */
  readonly ageMs: () => number;
  readonly isCurrent: () => boolean;
  /** Why the stream can neither be read nor written: no reply, or no quorum. */
  readonly unavailable: () => string | undefined;
  /** To be called whenever more has been applied. */
  readonly reached: () => void;
};

export type FreshnessOptions = {
  readonly nats: Pick<Nats, "problem" | "leave"> & { readonly jsm: Pick<Nats["jsm"], "streams"> };
  readonly stream: StreamName;
  readonly appliedUpTo: () => number;
  /** The copy is behind, and no message arrives. */
  readonly onBehind: (lastSeq: number) => void;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Includes sleep: a copy that was complete before is old afterwards. */
  readonly elapsed?: () => number;
};

/**
 * Reads the last sequence from the stream's leader every second: only that proves that a live copy is complete. A
 * leader without a quorum proves nothing. When the stream is unavailable for long, the client tries another server:
 * this one may be cut off with the minority.
 */
export const followFreshness = (options: FreshnessOptions): Freshness => {
  const { nats, stream, appliedUpTo, onBehind, log, signal } = options;
  const elapsed = options.elapsed ?? elapsedMs;
  let completeAtMs = -Infinity;
  let repliedAtMs = performance.now(); // a clock without the time of a sleep
  let isQuorum = true;
  /** The stream's last sequence, and when it was requested. */
  let goal: { readonly seq: number; readonly requestedAtMs: number } | undefined;

  const reached = (): void => {
    if (goal === undefined || appliedUpTo() < goal.seq) return;
    completeAtMs = Math.max(completeAtMs, goal.requestedAtMs);
    goal = undefined;
  };
  const request = async (): Promise<void> => {
    const requestedAtMs = elapsed();
    try {
      const { state, cluster } = await nats.jsm.streams.info(stream);
      repliedAtMs = performance.now();
      isQuorum = hasQuorum(cluster);
      if (!isQuorum) return;
      if (goal !== undefined && requestedAtMs - goal.requestedAtMs > BEHIND_FOR_MS)
        onBehind(state.last_seq);
      if (goal === undefined || appliedUpTo() >= state.last_seq) {
        goal = { seq: state.last_seq, requestedAtMs };
      }
      reached();
    } catch (error) {
      log.debug({ err: error, stream }, "currency.not_seen");
    }
  };
  const unavailable = (): string | undefined => {
    if (!isQuorum) return `${stream} has no quorum`;
    const silentMs = performance.now() - repliedAtMs;
    return silentMs > REPLIED_FOR_MS ? `${stream} does not answer` : undefined;
  };
  const watch = async (): Promise<void> => {
    const shouldFailOver = failoverTimer();
    while (!signal.aborted) {
      const canRequest = nats.problem() === undefined; // a silent connection is left sooner
      if (canRequest) void request();
      const why = canRequest ? unavailable() : undefined;
      if (shouldFailOver(why === undefined, performance.now())) nats.leave(why ?? "");
      await pause(LOOK_EVERY_MS, signal);
    }
  };
  void watch();
  const ageMs = (): number => elapsed() - completeAtMs;
  return {
    ageMs,
    isCurrent: () => ageMs() <= CURRENT_FOR_MS,
    unavailable,
    reached,
  };
};

/** Longer than the election of a leader takes. */
const FAIL_OVER_AFTER_MS = 6_000;
const MAX_FAIL_OVER_AFTER_MS = 60_000;

/**
 * Returns a check: true when a server has been of no use for so long that the client should try another one. The time
 * doubles with each one, as it costs to go from server to server when none is of use.
 */
export const failoverTimer = (): ((isUsable: boolean, nowMs: number) => boolean) => {
  let unusableSinceMs: number | undefined;
  let afterMs = FAIL_OVER_AFTER_MS;
  return (isUsable, nowMs) => {
    if (isUsable) {
      unusableSinceMs = undefined;
      afterMs = FAIL_OVER_AFTER_MS;
      return false;
    }
    unusableSinceMs ??= nowMs;
    if (nowMs - unusableSinceMs < afterMs) return false;
    unusableSinceMs = nowMs;
    afterMs = Math.min(2 * afterMs, MAX_FAIL_OVER_AFTER_MS);
    return true;
  };
};
