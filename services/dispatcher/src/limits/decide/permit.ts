import {
  admission,
  GRANT,
  MAX_QUEUED_MS,
  QUEUE,
  type Admission,
  type AdmissionRequest,
} from "./admission.ts";
import { expectedMs, MIN_RECHECK_MS, releaseGapMs, type PoolLoad } from "./load.ts";
import { rateAdmission } from "./rate.ts";
import {
  boundsOf,
  dynamicBound,
  mayUseReserve,
  RESERVED_SHARE,
  WORKSPACE_SHARE,
  type Bounds,
  type Levels,
  type PermitLimits,
} from "./shares.ts";
import type { Deferral } from "./slots.ts";
import type { SubscriptionLimits } from "./subscription-share.ts";

/** A request for a permit, and the state of every level that it needs one of. */
export type PermitInput = AdmissionRequest & {
  readonly levels: Levels;
  /** Its subscription's own limits. */
  readonly own: SubscriptionLimits | undefined;
  /** Of its body; 0 where they count already. */
  readonly bytes: number;
  /** Requests queued before it for any destination. */
  readonly aheadInAll: number;
};

/** Which limit keeps a delivery from its attempt: that decides whose slot it gets, and the metric's label. */
export type LimitedBy = "rate" | "subscription" | "destination" | "origin" | "pool" | "dispatcher";

export type PermitDeferral = Deferral & {
  readonly kind: "defer";
  readonly limitedBy: LimitedBy;
};

export type PermitDecision = typeof GRANT | typeof QUEUE | PermitDeferral;

/** Bodies in flight and queued; with the rest of a dispatcher they fit into 640 MiB (deploy/k8s). */
export const MAX_BYTES_HELD = 96 * 1024 * 1024;

/**
 * Whether a request gets a permit now, waits for one that is soon free, or is deferred: its subscription's own
 * limits first, then the levels from the destination up to the process.
 */
export const decidePermit = (input: PermitInput, limits: PermitLimits): PermitDecision => {
  const decision = decideAtLevels(input, limits);
  if (decision.kind !== "defer" || !DEPENDS_ON_OTHERS.has(decision.limitedBy)) return decision;
  // Alone here it would go on: then others use what it needs, and another dispatcher would help.
  const { kind } = decideAtLevels(aloneHere(input), limits);
  return kind === "defer" ? decision : { ...decision, limitedBy: "dispatcher" };
};

const DEPENDS_ON_OTHERS: ReadonlySet<LimitedBy> = new Set(["destination", "origin", "pool"]);

/** The same request where this dispatcher has only its origin's attempts in flight, and its workspace's bodies. */
const aloneHere = (input: PermitInput): PermitInput => {
  const { origin, workspace, processPool } = input.levels;
  const { inFlight } = origin.load;
  const alone = { load: { ...processPool.load, inFlight }, bytes: workspace.bytes };
  const levels = { ...input.levels, workspace: alone, processPool: alone };
  return { ...input, levels, aheadInAll: input.ahead };
};

const decideAtLevels = (input: PermitInput, limits: PermitLimits): PermitDecision => {
  const bounds = boundsOf(input.levels, limits, input.nowMs);
  let isQueued = false;
  for (const limit of LIMITS) {
    const decision = limit(input, bounds);
    if (decision.kind === "defer") return decision;
    isQueued ||= decision.kind === "queue";
  }
  return isQueued ? QUEUE : GRANT;
};

const limited = (limitedBy: LimitedBy, admitted: Admission): PermitDecision =>
  admitted.kind === "defer" ? { ...admitted, limitedBy } : admitted;

const byRate = ({ levels, own, hasPrecedence, nowMs }: PermitInput): PermitDecision => {
  const { subscription } = levels;
  const rate = own?.rateLimit;
  if (subscription === undefined || rate === undefined) return GRANT;
  return limited("rate", rateAdmission(rate, subscription, hasPrecedence, nowMs));
};

const bySubscription = (input: PermitInput): PermitDecision => {
  const { subscription } = input.levels;
  const bound = input.own?.maxInFlight;
  if (subscription === undefined || bound === undefined) return GRANT;
  return limited("subscription", admission(subscription, bound, bound, input));
};

const byDestination = (input: PermitInput, bounds: Bounds): PermitDecision => {
  const { levels, nowMs, timeoutMs } = input;
  const { destination } = levels;
  const { load, closedUntilMs: freeAtMs } = destination;
  if (freeAtMs > nowMs) {
    const slotIntervalMs = expectedMs(load, nowMs, timeoutMs) / bounds.destination;
    return { kind: "defer", limitedBy: "destination", freeAtMs, slotIntervalMs };
  }
  const { destination: bound, destinationLater } = bounds;
  return limited("destination", admission(destination, bound, destinationLater, input));
};

/** Bytes are shared like permits; a request that finds no room does not queue, as it would hold them. */
const byBytes = (input: PermitInput): PermitDecision => {
  const { levels, bytes, nowMs } = input;
  const { destination, workspace, processPool } = levels;
  if (bytes === 0) return GRANT;
  const reserved = mayUseReserve(destination.load, nowMs) ? 0 : RESERVED_SHARE * MAX_BYTES_HELD;
  const free = MAX_BYTES_HELD - processPool.bytes - reserved - bytes;
  if (free >= 0 && workspace.bytes + bytes <= dynamicBound(WORKSPACE_SHARE, free)) return GRANT;
  return recheckLater("pool", releaseGapMs(workspace.load, nowMs), input);
};

const byOrigin = (input: PermitInput, bounds: Bounds): PermitDecision => {
  const { load } = input.levels.origin;
  return load.inFlight < bounds.origin ? GRANT : afterReleases("origin", load, input.ahead, input);
};

const byPools = (input: PermitInput, bounds: Bounds): PermitDecision => {
  const { levels, ahead, aheadInAll } = input;
  const { workspace, processPool } = levels;
  if (processPool.load.inFlight >= bounds.process) {
    return afterReleases("pool", processPool.load, aheadInAll, input);
  }
  if (workspace.load.inFlight < bounds.workspace) return GRANT;
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
  return (ahead + 1) * gapMs <= MAX_QUEUED_MS ? QUEUE : recheckLater(limitedBy, gapMs, input);
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
