import { admission, MAX_QUEUED_MS, type Admission } from "./admission.ts";
import {
  expectedMs,
  MIN_RECHECK_MS,
  releaseGapMs,
  type EndpointLoad,
  type PoolLoad,
} from "./load.ts";
import { rateAdmission } from "./rate.ts";
import {
  boundsOf,
  dynamicBound,
  mayUseReserve,
  RESERVED_SHARE,
  WORKSPACE_SHARE,
  type Bounds,
  type DestinationState,
  type Levels,
  type PermitLimits,
} from "./shares.ts";
import type { SubscriptionLimits } from "./subscription-share.ts";

/** A subscription that has limits of its own, as one dispatcher knows it. */
export type SubscriptionState = {
  readonly load: EndpointLoad;
  /** The next unreserved slot, in ms of a monotonic clock. */
  readonly nextFreeSlotMs: number;
  /** When the whole burst of its rate is available again, in ms of a monotonic clock. */
  readonly tatMs: number;
};

/** A request for a permit, and the state of every level that it needs one of. */
export type PermitInput = Levels & {
  readonly nowMs: number;
  readonly destination: DestinationState;
  readonly subscription?:
    { readonly state: SubscriptionState; readonly limits: SubscriptionLimits } | undefined;
  /** Of its body; 0 where they count already. */
  readonly bytes: number;
  /** Requests queued before it for the same destination (or subscription), and altogether. */
  readonly ahead: number;
  readonly aheadInAll: number;
  /** It was deferred before, or is queued already: slots reserved for others do not hold it back. */
  readonly hasPrecedence: boolean;
  /** The deadline of its attempt. */
  readonly timeoutMs: number;
};

/** Which limit keeps a delivery from its attempt: that decides whose slot it gets, and the metric's label. */
export type LimitedBy = "rate" | "subscription" | "destination" | "origin" | "pool";

export type PermitDecision =
  | Exclude<Admission, { kind: "defer" }>
  | (Extract<Admission, { kind: "defer" }> & { readonly limitedBy: LimitedBy });

/** Bodies in flight and queued; with the rest of a dispatcher they fit into 640 MiB (deploy/k8s). */
export const MAX_BYTES_HELD = 96 * 1024 * 1024;

/**
 * Whether a request gets a permit now, waits for one that is soon free, or is deferred: its subscription's own
 * limits first, then the levels from the destination up to the process.
 */
export const decidePermit = (input: PermitInput, limits: PermitLimits): PermitDecision => {
  const bounds = boundsOf(input, limits, input.nowMs);
  let isQueued = false;
  for (const limit of LIMITS) {
    const decision = limit(input, bounds);
    if (decision.kind === "defer") return decision;
    isQueued ||= decision.kind === "queue";
  }
  return isQueued ? QUEUED : GRANTED;
};

const GRANTED: PermitDecision = { kind: "grant" };
const QUEUED: PermitDecision = { kind: "queue" };

const limited = (limitedBy: LimitedBy, admitted: Admission): PermitDecision =>
  admitted.kind === "defer" ? { ...admitted, limitedBy } : admitted;

const byRate = ({ subscription, hasPrecedence, nowMs }: PermitInput): PermitDecision => {
  const rate = subscription?.limits.rateLimit;
  return subscription === undefined || rate === undefined
    ? GRANTED
    : limited("rate", rateAdmission(rate, subscription.state, hasPrecedence, nowMs));
};

const bySubscription = (input: PermitInput): PermitDecision => {
  const { subscription } = input;
  const bound = subscription?.limits.maxInFlight;
  if (subscription === undefined || bound === undefined) return GRANTED;
  return limited("subscription", admissionTo(subscription.state, bound, bound, input));
};

const byDestination = (input: PermitInput, bounds: Bounds): PermitDecision => {
  const { destination, nowMs, timeoutMs } = input;
  const { load, closedUntilMs: freeAtMs } = destination;
  if (freeAtMs > nowMs) {
    const slotIntervalMs = expectedMs(load, nowMs, timeoutMs) / bounds.destination;
    return { kind: "defer", limitedBy: "destination", freeAtMs, slotIntervalMs };
  }
  const { destination: bound, destinationLater } = bounds;
  return limited("destination", admissionTo(destination, bound, destinationLater, input));
};

const admissionTo = (
  { load, nextFreeSlotMs }: Pick<DestinationState, "load" | "nextFreeSlotMs">,
  bound: number,
  expectedBound: number,
  { ahead, hasPrecedence, nowMs, timeoutMs }: PermitInput,
): Admission =>
  admission({
    load,
    bound,
    expectedBound,
    ahead,
    nextFreeSlotMs,
    hasPrecedence,
    nowMs,
    timeoutMs,
  });

/** Bytes are shared like permits; a request that finds no room does not queue, as it would hold them. */
const byBytes = (input: PermitInput): PermitDecision => {
  const { destination, workspace, bytes, nowMs } = input;
  if (bytes === 0) return GRANTED;
  const reserved = mayUseReserve(destination.load, nowMs) ? 0 : RESERVED_SHARE * MAX_BYTES_HELD;
  const free = MAX_BYTES_HELD - input.processPool.bytes - reserved - bytes;
  if (free >= 0 && workspace.bytes + bytes <= dynamicBound(WORKSPACE_SHARE, free)) return GRANTED;
  return recheckLater("pool", releaseGapMs(workspace.load, nowMs), input);
};

const byOrigin = (input: PermitInput, bounds: Bounds): PermitDecision => {
  const { load } = input.origin;
  return load.inFlight < bounds.origin
    ? GRANTED
    : afterReleases("origin", load, input.ahead, input);
};

const byPools = (input: PermitInput, bounds: Bounds): PermitDecision => {
  const { workspace, processPool, ahead, aheadInAll } = input;
  if (processPool.load.inFlight >= bounds.process) {
    return afterReleases("pool", processPool.load, aheadInAll, input);
  }
  if (workspace.load.inFlight < bounds.workspace) return GRANTED;
  return afterReleases("pool", workspace.load, ahead, input);
};

const LIMITS = [byRate, bySubscription, byDestination, byBytes, byOrigin, byPools];

const afterReleases = (
  limitedBy: LimitedBy,
  load: PoolLoad,
  ahead: number,
  input: PermitInput,
): PermitDecision => {
  const gapMs = releaseGapMs(load, input.nowMs);
  return (ahead + 1) * gapMs <= MAX_QUEUED_MS ? QUEUED : recheckLater(limitedBy, gapMs, input);
};

/** The permits of a pool are not reserved for one of its many destinations: at the retry more is known. */
const recheckLater = (
  limitedBy: LimitedBy,
  slotIntervalMs: number,
  { nowMs: freeAtMs, timeoutMs }: PermitInput,
): PermitDecision => {
  const recheckAfterMs = Math.min(timeoutMs, Math.max(MIN_RECHECK_MS, 8 * slotIntervalMs));
  return { kind: "defer", limitedBy, freeAtMs, slotIntervalMs, recheckAfterMs };
};
