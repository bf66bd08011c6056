import type { DeferredFor } from "@ringback/contracts/deliveries/retry-message";
import { isOutage, windowAfter, type Signal } from "./decide/congestion-window.ts";
import { attemptEnded, attemptStarted, poolEnded, poolStarted } from "./decide/load.ts";
import { originWindowAfter, withRecent } from "./decide/origin-window.ts";
import {
  decidePermit,
  type LimitedBy,
  type PermitDecision,
  type PermitDeferral,
} from "./decide/permit.ts";
import { tatAfter } from "./decide/rate.ts";
import { usablePermits, type PermitLimits } from "./decide/shares.ts";
import { reserveSlot } from "./decide/slots.ts";
import type { SubscriptionLimits } from "./decide/subscription-share.ts";
import { createLimiterState, type RequestKeys, type RequestState } from "./limiter-state.ts";

/** A delivery that wants to make an attempt. */
export type PermitRequest = RequestKeys & {
  /** How often it was deferred before. */
  readonly deferrals: number;
  /** The deadline of its attempt. */
  readonly timeoutMs: number;
  /** Of its body: held while it is queued, and until it is sent. */
  readonly bytes: number;
  /** This process's share of its subscription's limits. */
  readonly limits?: SubscriptionLimits | undefined;
};

/** How an attempt ended. */
export type AttemptResult = {
  /** What it says of its destination (one handler on the other side). */
  readonly destination: Signal;
  /** What it says of its origin (the host). */
  readonly origin: Signal;
  /** The destination's `Retry-After`: no attempt starts before it has passed. */
  readonly retryAfterMs?: number;
};

/** Why a delivery was deferred: the label of `ringback_deferred_total`. */
export type DeferralReason = Extract<
  DeferredFor,
  "dispatcher_busy" | "endpoint_busy" | "origin_busy" | "rate_limited"
>;

export type Permit = {
  readonly kind: "granted";
  /** Call once, when no socket is held any more. */
  readonly release: (result: AttemptResult) => void;
  /** Call when the body is not held any more, where that is earlier. */
  readonly bodySent: () => void;
};

/** To be retried after `afterMs`; nothing of it stays in memory. */
export type Deferred = {
  readonly kind: "deferred";
  readonly afterMs: number;
  readonly reason: DeferralReason;
};

/** The requests before this one in its queue, and in all queues. */
export type QueuePosition = {
  readonly ahead: number;
  readonly aheadInAll: number;
  readonly isQueued: boolean;
};

/** The permits of this process, and the state of all that they depend on. */
export const createPermits = (limits: PermitLimits, now: () => number, onRelease: () => void) => {
  const { processPool, of: stateOf } = createLimiterState();
  let workspaces = 0;
  return {
    stateOf,
    hold,
    inFlight: (): number => processPool.load.inFlight,
    usable: (): number => usablePermits(limits.maxInFlight, workspaces),
    decide: (
      { deferrals, timeoutMs, limits: own, bytes }: PermitRequest,
      levels: RequestState,
      { ahead, aheadInAll, isQueued }: QueuePosition,
    ): PermitDecision =>
      decidePermit(
        {
          nowMs: now(),
          levels,
          own,
          ahead,
          aheadInAll,
          hasPrecedence: isQueued || deferrals > 0,
          timeoutMs,
          bytes: isQueued ? 0 : bytes,
        },
        limits,
      ),
    /** Takes a permit at every level. */
    take: (request: PermitRequest, state: RequestState): Permit => {
      const startMs = now();
      if (state.workspace.load.inFlight === 0) workspaces += 1;
      start(request, state, startMs);
      let { bytes } = request;
      const bodySent = (): void => {
        hold(state, -bytes);
        bytes = 0;
      };
      const release = (result: AttemptResult): void => {
        bodySent();
        end(request, state, { startMs, endMs: now() }, result);
        if (state.workspace.load.inFlight === 0) workspaces -= 1;
        onRelease();
      };
      return { kind: "granted", release, bodySent };
    },
    /** Reserves a slot for a request that is held without a permit. */
    defer: (request: PermitRequest, state: RequestState, decision: PermitDeferral): Deferred => {
      hold(state, -request.bytes);
      return reserve(request, state, decision, now());
    },
  };
};

/** Counts the bytes of a body in flight or queued; a negative number releases them. */
const hold = ({ workspace, processPool }: RequestState, bytes: number): void => {
  workspace.bytes += bytes;
  processPool.bytes += bytes;
};

const reserve = (
  { deferrals }: PermitRequest,
  { destination, subscription }: RequestState,
  decision: PermitDeferral,
  nowMs: number,
): Deferred => {
  const { limitedBy } = decision;
  const isOwn = limitedBy === "rate" || limitedBy === "subscription";
  const slots = (isOwn ? subscription : undefined) ?? destination;
  const slot = reserveSlot(slots.nextFreeSlotMs, decision, deferrals, nowMs);
  slots.nextFreeSlotMs = slot.nextFreeSlotMs;
  return { kind: "deferred", afterMs: slot.atMs - nowMs, reason: REASONS[limitedBy] };
};

const REASONS: Readonly<Record<LimitedBy, DeferralReason>> = {
  rate: "rate_limited",
  subscription: "endpoint_busy",
  destination: "endpoint_busy",
  origin: "origin_busy",
  pool: "endpoint_busy",
  dispatcher: "dispatcher_busy",
};

const start = (
  { limits }: PermitRequest,
  { destination, origin, workspace, processPool, subscription }: RequestState,
  startMs: number,
): void => {
  destination.load = attemptStarted(destination.load, startMs);
  for (const pool of [origin, workspace, processPool]) pool.load = poolStarted(pool.load, startMs);
  if (subscription === undefined) return;
  subscription.load = attemptStarted(subscription.load, startMs);
  const rate = limits?.rateLimit;
  if (rate !== undefined) subscription.tatMs = tatAfter(subscription.tatMs, rate, startMs);
};

const end = (
  { destination: url }: PermitRequest,
  { destination, origin, workspace, processPool, subscription }: RequestState,
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
  result: AttemptResult,
): void => {
  const { window, closedUntilMs, load } = destination;
  const { destination: signal, retryAfterMs = 0 } = result;
  const ended = { signal, tookMs: endMs - startMs, inFlight: load.starts.length };
  destination.load = attemptEnded(load, startMs, endMs);
  destination.window = windowAfter(window, ended);
  destination.closedUntilMs = Math.max(closedUntilMs, endMs + retryAfterMs);
  for (const pool of [origin, workspace, processPool]) pool.load = poolEnded(pool.load, endMs);
  origin.window = originWindowAfter(origin.window, result.origin);
  origin.recent = withRecent(origin.recent, url, isOutage(destination.window));
  if (subscription !== undefined)
    subscription.load = attemptEnded(subscription.load, startMs, endMs);
};
