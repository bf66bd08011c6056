import {
  admission,
  dynamicBound,
  expectedMs,
  flowGapMs,
  MAX_IN_LINE_MS,
  NO_FLOW,
  WORKSPACE_SHARE,
  type Admission,
  type Flow,
  type Load,
} from "./admission.ts";
import type { SubscriptionLimits } from "./subscription-share.ts";
import {
  boundsOf,
  mayUseReserve,
  RESERVED_SHARE,
  type Bounds,
  type DestinationState,
  type OriginState,
  type PermitLimits,
} from "./shares.ts";
import { conformsFromMs, type Rate } from "./slots.ts";

/** A subscription that has limits of its own, as one dispatcher knows it. */
export type SubscriptionState = {
  readonly load: Load;
  readonly clockMs: number;
  /** When the whole burst of its rate is there again, in ms of a monotonic clock. */
  readonly fullMs: number;
};

/** All of one workspace, or of the process. */
export type Crowd = Flow & {
  /** Bodies that are held. */
  readonly bytes: number;
};

export const NOBODY: Crowd = { ...NO_FLOW, bytes: 0 };

/** Where a delivery stands when it wants to make an attempt. */
export type Standing = {
  readonly nowMs: number;
  readonly destination: DestinationState;
  readonly origin: OriginState;
  readonly subscription?: {
    readonly state: SubscriptionState;
    readonly limits: SubscriptionLimits;
  };
  readonly workspace: Crowd;
  readonly everyone: Crowd;
  /** Of its body; 0 where they count already. */
  readonly bytes: number;
  /** Those in line before it for the same destination (or subscription), and altogether. */
  readonly ahead: number;
  readonly aheadInAll: number;
  /** It was sent away before, or is in line already: promises to others are no concern of its. */
  readonly hasPrecedence: boolean;
  /** The deadline of its attempt. */
  readonly mostMs: number;
};

/** Who keeps a delivery from its attempt: that decides whose slot it is given, and what is counted. */
export type Keeper = "rate" | "subscription" | "destination" | "origin" | "others";

export type Judgement =
  | { readonly kind: "go" }
  | { readonly kind: "line" }
  | (Extract<Admission, { kind: "later" }> & { readonly by: Keeper });

/** Bodies held by those in flight and in line; with the rest of a dispatcher it fits into 640 MiB (deploy/k8s). */
export const MAX_BYTES_HELD = 96 * 1024 * 1024;

const LEAST_GUESS_MS = 1_000;

/**
 * Whether a delivery may make its attempt now, waits for a permit that is free soon, or is to come back
 * later. Asked are its subscription's own limits, then the levels from the destination up to the process.
 */
export const judge = (standing: Standing, limits: PermitLimits): Judgement => {
  const bounds = boundsOf(standing, limits, standing.nowMs);
  const asked = [
    () => ofSubscription(standing),
    () => by("destination", ofDestination(standing, bounds)),
    () => by("others", ofBytes(standing)),
    () => by("origin", ofOrigin(standing, bounds)),
    () => by("others", ofAllTogether(standing, bounds, limits)),
  ];
  let isGo = true;
  for (const ask of asked) {
    const judgement = ask();
    if (judgement.kind === "later") return judgement;
    isGo &&= judgement.kind === "go";
  }
  return { kind: isGo ? "go" : "line" };
};

const by = (keeper: Keeper, admitted: Admission): Judgement =>
  admitted.kind === "later" ? { ...admitted, by: keeper } : admitted;

const ofDestination = (standing: Standing, bounds: Bounds): Admission => {
  const { destination, ahead, hasPrecedence, nowMs, mostMs } = standing;
  const { load, clockMs, closedUntilMs } = destination;
  const { destination: bound, destinationLater: usualBound } = bounds;
  if (closedUntilMs > nowMs) {
    return {
      kind: "later",
      freeAtMs: closedUntilMs,
      paceMs: expectedMs(load, nowMs, mostMs) / bound,
    };
  }
  return admission({ load, bound, usualBound, ahead, clockMs, hasPrecedence, nowMs, mostMs });
};

const ofOrigin = (
  { origin: { flow }, ahead, nowMs, mostMs }: Standing,
  bounds: Bounds,
): Admission =>
  flow.inFlight < bounds.origin ? { kind: "go" } : afterGaps(ahead + 1, flow, nowMs, mostMs);

const ofSubscription = (standing: Standing): Judgement => {
  const { subscription, ahead, hasPrecedence, nowMs, mostMs } = standing;
  if (subscription === undefined) return { kind: "go" };
  const { state, limits } = subscription;
  const rated = ofRate(state, limits.rateLimit, hasPrecedence, nowMs);
  if (rated.kind === "later") return { ...rated, by: "rate" };
  const bound = limits.maxInFlight;
  if (bound === undefined) return rated;
  const { load, clockMs } = state;
  const usualBound = bound;
  const asked = { load, bound, usualBound, ahead, clockMs, hasPrecedence, nowMs, mostMs };
  const admitted = admission(asked);
  if (admitted.kind === "later") return { ...admitted, by: "subscription" };
  return admitted.kind === "line" ? admitted : rated;
};

/** Beyond this time with the whole burst unused, what was promised is behind what the rate allows. */
const LEAST_UNUSED_MS = 500;

const ofRate = (
  { fullMs, clockMs }: SubscriptionState,
  rate: Rate | undefined,
  hasPrecedence: boolean,
  nowMs: number,
): Admission => {
  if (rate === undefined) return { kind: "go" };
  const paceMs = 1_000 / rate.perSecond;
  const freeAtMs = conformsFromMs(fullMs, rate);
  const isUnused = nowMs >= fullMs + Math.max(LEAST_UNUSED_MS, 2 * paceMs);
  const isOthers = !hasPrecedence && clockMs > nowMs && !isUnused;
  if (isOthers || freeAtMs - nowMs > MAX_IN_LINE_MS) return { kind: "later", freeAtMs, paceMs };
  return freeAtMs <= nowMs ? { kind: "go" } : ofSoon(hasPrecedence, freeAtMs, paceMs);
};

/** Only those who came in their slot, a moment early, wait for it. */
const ofSoon = (hasPrecedence: boolean, freeAtMs: number, paceMs: number): Admission =>
  hasPrecedence ? { kind: "line" } : { kind: "later", freeAtMs, paceMs };

/** Bytes are shared like permits; who finds none does not wait in line, as waiting would hold them. */
const ofBytes = ({
  destination,
  workspace,
  everyone,
  bytes,
  nowMs,
  mostMs,
}: Standing): Admission => {
  if (bytes === 0) return { kind: "go" };
  const reserved = mayUseReserve(destination.load, nowMs) ? 0 : RESERVED_SHARE * MAX_BYTES_HELD;
  const free = MAX_BYTES_HELD - everyone.bytes - reserved - bytes;
  if (free >= 0 && workspace.bytes + bytes <= dynamicBound(WORKSPACE_SHARE, free)) {
    return { kind: "go" };
  }
  return comesBackLater(flowGapMs(workspace, nowMs), nowMs, mostMs);
};

const ofAllTogether = (standing: Standing, bounds: Bounds, limits: PermitLimits): Admission => {
  const { workspace, everyone, ahead, aheadInAll, nowMs, mostMs } = standing;
  if (everyone.inFlight >= limits.maxInFlight) {
    return afterGaps(aheadInAll + 1, everyone, nowMs, mostMs);
  }
  if (workspace.inFlight < bounds.workspace) return { kind: "go" };
  return afterGaps(ahead + 1, workspace, nowMs, mostMs);
};

const afterGaps = (gaps: number, flow: Flow, nowMs: number, mostMs: number): Admission => {
  const paceMs = flowGapMs(flow, nowMs);
  return gaps * paceMs <= MAX_IN_LINE_MS ? { kind: "line" } : comesBackLater(paceMs, nowMs, mostMs);
};

/** Permits are not promised to one of many destinations: when one comes back, more is known. */
const comesBackLater = (paceMs: number, nowMs: number, mostMs: number): Admission => {
  const guessedForMs = Math.min(mostMs, Math.max(LEAST_GUESS_MS, 8 * paceMs));
  return { kind: "later", freeAtMs: nowMs, paceMs, guessedForMs };
};
