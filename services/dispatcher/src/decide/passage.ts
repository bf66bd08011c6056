import {
  admission,
  dynamicBound,
  ENDPOINT_SHARE,
  expectedMs,
  flowGapMs,
  MAX_IN_LINE_MS,
  NO_FLOW,
  WORKSPACE_SHARE,
  type Admission,
  type Flow,
  type Load,
} from "./admission.ts";
import type { SubscriptionLimits } from "./shared-limits.ts";
import { isOutage, type Window } from "./slow-start.ts";
import { conformsFromMs, type Rate } from "./virtual-clock.ts";

/** An endpoint, as one dispatcher knows it. */
export type EndpointState = {
  readonly load: Load;
  readonly window: Window;
  /** The first time at which nobody was promised a slot there, in ms of a monotonic clock. */
  readonly clockMs: number;
};

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
  readonly endpoint: EndpointState;
  readonly subscription?: {
    readonly state: SubscriptionState;
    readonly limits: SubscriptionLimits;
  };
  readonly workspace: Crowd;
  readonly everyone: Crowd;
  /** Of its body; 0 where they count already. */
  readonly bytes: number;
  /** Those in line before it for the same endpoint (or subscription), and altogether. */
  readonly ahead: number;
  readonly aheadInAll: number;
  /** It was sent away before, or is in line already: promises to others are no concern of its. */
  readonly hasPrecedence: boolean;
  /** The deadline of its attempt. */
  readonly mostMs: number;
};

export type PlaceLimits = {
  /** Attempts at once in this process. */
  readonly maxInFlight: number;
  /** Attempts at once to one endpoint. */
  readonly endpointMaxInFlight: number;
};

/** Who keeps a delivery from its attempt: that decides whose slot it is given, and what is counted. */
export type Keeper = "rate" | "subscription" | "endpoint";

export type Judgement =
  | { readonly kind: "go" }
  | { readonly kind: "line" }
  | (Extract<Admission, { kind: "later" }> & { readonly by: Keeper });

/**
 * This share of the process's places is kept for endpoints that answer soon, beside one place for each
 * other. Places of those that hang come back only after the deadline, whatever the bounds are by then.
 */
export const RESERVED_SHARE = 0.25;

const SOON_MS = 1_000;

/** Bodies held by those in flight and in line; with the rest of a dispatcher it fits into 640 MiB (deploy/k8s). */
export const MAX_BYTES_HELD = 96 * 1024 * 1024;

/** Who finds no room for its body comes back after so long at the least: more is known by then. */
const LEAST_WAIT_FOR_BYTES_MS = 1_000;

/** At most this many at once to the endpoint, whatever its subscriptions say. */
export const endpointBound = (
  { load, window }: Pick<EndpointState, "load" | "window">,
  everyone: Flow,
  limits: PlaceLimits,
  nowMs: number,
): number => Math.min(window.size, boundOfWellOne(load, everyone, limits, nowMs));

const boundOfWellOne = (load: Load, everyone: Flow, limits: PlaceLimits, nowMs: number): number => {
  const free = freeFor(answersSoon(load, nowMs), everyone, limits);
  return Math.min(limits.endpointMaxInFlight, dynamicBound(ENDPOINT_SHARE, free));
};

const answersSoon = (load: Load, nowMs: number): boolean =>
  load.serviceMs > 0 && expectedMs(load, nowMs, Infinity) <= SOON_MS;

const freeFor = (mayUseAll: boolean, { inFlight }: Flow, { maxInFlight }: PlaceLimits): number =>
  maxInFlight - inFlight - (mayUseAll ? 0 : Math.floor(RESERVED_SHARE * maxInFlight));

/**
 * Whether a delivery may make its attempt now, waits for a place that is free soon, or is to come back
 * later: its subscription's own limits are asked first, then its endpoint's, its workspace's and the process's.
 */
export const judge = (standing: Standing, limits: PlaceLimits): Judgement => {
  const bySubscription = ofSubscription(standing);
  if (bySubscription.kind === "later") return bySubscription;
  const { endpoint, everyone, ahead, hasPrecedence, nowMs, mostMs } = standing;
  const bound = endpointBound(endpoint, everyone, limits, nowMs);
  // A window that is not that of an outage is wide open in a few rounds.
  const { load, window } = endpoint;
  const usualBound = isOutage(window) ? bound : boundOfWellOne(load, everyone, limits, nowMs);
  const { clockMs } = endpoint;
  const asked = { load, bound, usualBound, ahead, clockMs, hasPrecedence, nowMs, mostMs };
  const byEndpoint = admission(asked);
  if (byEndpoint.kind === "later") return { ...byEndpoint, by: "endpoint" };
  const byBytes = ofBytes(standing);
  if (byBytes.kind === "later") return { ...byBytes, by: "endpoint" };
  const byOthers = ofAllTogether(standing, limits);
  if (byOthers.kind === "later") return { ...byOthers, by: "endpoint" };
  const isGo = [bySubscription, byEndpoint, byOthers].every(({ kind }) => kind === "go");
  return { kind: isGo ? "go" : "line" };
};

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

/** Bytes are shared like places; who finds none does not wait in line, as waiting would hold them. */
const ofBytes = ({ endpoint, workspace, everyone, bytes, nowMs, mostMs }: Standing): Admission => {
  if (bytes === 0) return { kind: "go" };
  const mayUseAll = endpoint.load.starts.length === 0 || answersSoon(endpoint.load, nowMs);
  const reserved = mayUseAll ? 0 : RESERVED_SHARE * MAX_BYTES_HELD;
  const free = MAX_BYTES_HELD - everyone.bytes - reserved - bytes;
  if (free >= 0 && workspace.bytes + bytes <= dynamicBound(WORKSPACE_SHARE, free)) {
    return { kind: "go" };
  }
  const paceMs = flowGapMs(workspace, nowMs);
  const guessedForMs = Math.min(mostMs, Math.max(LEAST_WAIT_FOR_BYTES_MS, 8 * paceMs));
  return { kind: "later", freeAtMs: nowMs, paceMs, guessedForMs };
};

const ofAllTogether = (standing: Standing, limits: PlaceLimits): Admission => {
  const { endpoint, workspace, everyone, ahead, aheadInAll, nowMs } = standing;
  if (everyone.inFlight >= limits.maxInFlight) {
    return afterGaps(aheadInAll + 1, flowGapMs(everyone, nowMs), nowMs);
  }
  // Within a workspace too, those that hang leave room for those that do not.
  const mayUseAll = endpoint.load.starts.length === 0 || answersSoon(endpoint.load, nowMs);
  const free = freeFor(mayUseAll, everyone, limits);
  if (workspace.inFlight < dynamicBound(WORKSPACE_SHARE, free)) return { kind: "go" };
  return afterGaps(ahead + 1, flowGapMs(workspace, nowMs), nowMs);
};

const afterGaps = (gaps: number, paceMs: number, nowMs: number): Admission => {
  if (gaps * paceMs <= MAX_IN_LINE_MS) return { kind: "line" };
  return { kind: "later", freeAtMs: nowMs + gaps * paceMs, paceMs };
};
