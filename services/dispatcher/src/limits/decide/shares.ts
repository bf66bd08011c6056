import type { SlotState } from "./admission.ts";
import { expectedMs, isSilentFor, type EndpointLoad, type PoolLoad } from "./load.ts";
import { isOutage, WINDOW_IN_OUTAGE, type CongestionWindow } from "./congestion-window.ts";
import {
  isMajorityFailing,
  WINDOW_OF_FAILING_MAJORITY,
  type OriginWindow,
  type RecentDestinations,
} from "./origin-window.ts";

/** A destination (workspace and URL without query), as one dispatcher knows it. */
type DestinationState = SlotState & {
  readonly window: CongestionWindow;
  /** No attempt starts before this time (`Retry-After`), in ms of a monotonic clock. */
  readonly closedUntilMs: number;
};

/** A subscription that has limits of its own, as one dispatcher knows it. */
type SubscriptionState = SlotState & {
  /** When the whole burst of its rate is available again, in ms of a monotonic clock. */
  readonly tatMs: number;
};

/** An origin of one workspace: the host that several destinations share. */
type OriginState = {
  readonly load: PoolLoad;
  readonly window: OriginWindow;
  readonly recent: RecentDestinations;
};

/** All of one workspace, or of the process. */
export type PoolState = {
  readonly load: PoolLoad;
  /** Bodies that are held. */
  readonly bytes: number;
};

export type PermitLimits = {
  /** Attempts at once in this process. */
  readonly maxInFlight: number;
  /** Attempts at once to one destination; none where left out: its window and shares bound it. */
  readonly destinationMaxInFlight?: number | undefined;
};

/** The state of every level that one request needs a permit of. */
export type Levels = {
  readonly destination: DestinationState;
  readonly origin: OriginState;
  readonly workspace: PoolState;
  readonly processPool: PoolState;
  /** Only of a subscription with limits of its own. */
  readonly subscription: SubscriptionState | undefined;
};

/** At most this many at once, at each level. */
export type Bounds = {
  readonly destination: number;
  /** What is to be expected for the destination later on: windows grow. */
  readonly destinationLater: number;
  readonly origin: number;
  readonly workspace: number;
  readonly process: number;
};

/**
 * How much of what is left of its origin's permits one destination may have. Chosen by simulation (ADR 12).
 * Below 1, so that the last free permit is only for an endpoint that has none.
 */
const ENDPOINT_SHARE = 0.5;

/** The same for a workspace of the process's, and for an origin of its workspace's: alone, three quarters of them. */
export const WORKSPACE_SHARE = 3;

/**
 * At most this many attempts at once: the dynamic threshold of shared-memory switches (Choudhury and
 * Hahne, IEEE/ACM Transactions on Networking 6(2), 1998). At least one.
 */
export const dynamicBound = (share: number, free: number): number =>
  Math.floor(share * Math.max(0, free)) + 1;

/**
 * Reserve this share for endpoints that respond within SOON_MS; any other endpoint may take one permit of it. A
 * hanging request keeps its permit until its deadline, so lowering bounds later does not help.
 */
export const RESERVED_SHARE = 0.25;

/**
 * How many permits so many workspaces can have together without the reserve: each has at most `WORKSPACE_SHARE` times
 * what is free, so that n of them leave 1 of 1 + n · share. Endpoints that respond soon may have more, of the reserve.
 */
export const usablePermits = (maxInFlight: number, workspaces: number): number => {
  const shares = WORKSPACE_SHARE * Math.max(1, workspaces);
  const unreserved = maxInFlight - Math.floor(RESERVED_SHARE * maxInFlight);
  return Math.max(1, Math.floor((unreserved * shares) / (1 + shares)));
};

const SOON_MS = 1_000;

const respondsSoon = (load: EndpointLoad, nowMs: number): boolean =>
  load.serviceMs > 0 && expectedMs(load, nowMs, Infinity) <= SOON_MS;

/** An endpoint without an attempt in flight may use the reserve: once. */
export const mayUseReserve = (load: EndpointLoad, nowMs: number): boolean =>
  load.starts.length === 0 || respondsSoon(load, nowMs);

/**
 * Every level has the dynamic threshold of what the level above has left: process, workspace, origin,
 * destination. So no one takes the last free permit of a level, and each may have at least one.
 */
export const boundsOf = (levels: Levels, limits: PermitLimits, nowMs: number): Bounds => {
  const { destination, origin } = levels;
  const isSoon = respondsSoon(destination.load, nowMs);
  const above = sharesAbove(levels, mayUseReserve(destination.load, nowMs), limits);
  // A second permit and all beyond it come from what is not reserved.
  const { free } = isSoon ? above : sharesAbove(levels, false, limits);
  const own = dynamicBound(ENDPOINT_SHARE, free);
  const share = Math.min(limits.destinationMaxInFlight ?? Infinity, own);
  const size = currentWindow(destination, nowMs);
  const mayGrow = size === destination.window.size && !isOutage(destination.window);
  return {
    destination: Math.min(size, share),
    destinationLater: Math.min(mayGrow ? 2 * size : size, share),
    origin: Math.min(currentOriginWindow(origin, isSoon), above.origin),
    workspace: above.workspace,
    process: limits.maxInFlight,
  };
};

/** `free`: what no level has given away, so that no one takes the last permit of any. */
const sharesAbove = (
  { origin, workspace, processPool }: Levels,
  mayUseAll: boolean,
  { maxInFlight }: PermitLimits,
): Pick<Bounds, "origin" | "workspace"> & { readonly free: number } => {
  const reserved = mayUseAll ? 0 : Math.floor(RESERVED_SHARE * maxInFlight);
  const free = maxInFlight - processPool.load.inFlight - reserved;
  const ofWorkspace = dynamicBound(WORKSPACE_SHARE, free);
  const freeOfWorkspace = Math.min(free, ofWorkspace - workspace.load.inFlight);
  const ofOrigin = dynamicBound(WORKSPACE_SHARE, freeOfWorkspace);
  const freeOfOrigin = Math.min(freeOfWorkspace, ofOrigin - origin.load.inFlight);
  return { workspace: ofWorkspace, origin: ofOrigin, free: freeOfOrigin };
};

const currentOriginWindow = ({ window, recent }: OriginState, isSoon: boolean): number =>
  !isSoon && isMajorityFailing(recent)
    ? Math.min(window.size, WINDOW_OF_FAILING_MAJORITY)
    : window.size;

/** A destination that has not responded yet may be silent for this long. */
const FIRST_RESPONSE_WITHIN_MS = 3_000;
const MIN_SILENCE_MS = 1_000;

/** A destination whose responses stop coming is treated as one that fails, until one comes. */
const currentWindow = ({ load, window }: DestinationState, nowMs: number): number => {
  const minMs = load.serviceMs === 0 ? FIRST_RESPONSE_WITHIN_MS : MIN_SILENCE_MS;
  return isSilentFor(load, minMs, nowMs) ? Math.min(window.size, WINDOW_IN_OUTAGE) : window.size;
};
