import {
  dynamicBound,
  ENDPOINT_SHARE,
  expectedMs,
  isSilentFor,
  WORKSPACE_SHARE,
  type Flow,
  type Load,
} from "./admission.ts";
import { isOutage, WINDOW_IN_OUTAGE, type CongestionWindow } from "./congestion-window.ts";
import {
  mostFail,
  WINDOW_WHILE_MOST_FAIL,
  type OriginWindow,
  type RecentDestinations,
} from "./origin-window.ts";

/** A destination (workspace and URL without query), as one dispatcher knows it. */
export type DestinationState = {
  readonly load: Load;
  readonly window: CongestionWindow;
  /** The first time at which nobody was promised a slot there, in ms of a monotonic clock. */
  readonly clockMs: number;
  /** Until then it asked to be left alone (`Retry-After`), in ms of a monotonic clock. */
  readonly closedUntilMs: number;
};

/** An origin of one workspace: the host that several destinations share. */
export type OriginState = {
  readonly flow: Flow;
  readonly window: OriginWindow;
  readonly recent: RecentDestinations;
};

export type PermitLimits = {
  /** Attempts at once in this process. */
  readonly maxInFlight: number;
  /** Attempts at once to one destination; none where left out: its window and shares bound it. */
  readonly destinationMaxInFlight?: number | undefined;
};

/** One destination and all that it shares with others. */
export type Levels = {
  readonly destination: Pick<DestinationState, "load" | "window">;
  readonly origin: OriginState;
  readonly workspace: Flow;
  readonly everyone: Flow;
};

/** At most this many at once, at each level. */
export type Bounds = {
  readonly destination: number;
  /** What is to be expected for the destination later on: windows grow. */
  readonly destinationLater: number;
  readonly origin: number;
  readonly workspace: number;
};

/**
 * This share of the process's permits is kept for destinations that answer soon, beside one for each
 * other. Permits of those that hang come back only after the deadline, whatever the bounds are by then.
 */
export const RESERVED_SHARE = 0.25;

const SOON_MS = 1_000;

export const answersSoon = (load: Load, nowMs: number): boolean =>
  load.serviceMs > 0 && expectedMs(load, nowMs, Infinity) <= SOON_MS;

/** Who has none in flight may use what is reserved: once. */
export const mayUseReserve = (load: Load, nowMs: number): boolean =>
  load.starts.length === 0 || answersSoon(load, nowMs);

/**
 * Every level has the dynamic threshold of what the level above has left: process, workspace, origin,
 * destination. So nobody takes the last free permit of a level, and whoever has none may have one.
 */
export const boundsOf = (levels: Levels, limits: PermitLimits, nowMs: number): Bounds => {
  const { destination, origin } = levels;
  const isSoon = answersSoon(destination.load, nowMs);
  const above = sharesAbove(levels, mayUseReserve(destination.load, nowMs), limits);
  // A second permit and all beyond it come from what is not reserved.
  const { free } = isSoon ? above : sharesAbove(levels, false, limits);
  const own = dynamicBound(ENDPOINT_SHARE, free);
  const share = Math.min(limits.destinationMaxInFlight ?? Infinity, own);
  const size = windowNow(destination, nowMs);
  const mayGrow = size === destination.window.size && !isOutage(destination.window);
  return {
    destination: Math.min(size, share),
    destinationLater: Math.min(mayGrow ? 2 * size : size, share),
    origin: Math.min(originWindowNow(origin, isSoon), above.origin),
    workspace: above.workspace,
  };
};

/** `free`: what no level has given away, so that nobody takes the last one of any. */
const sharesAbove = (
  { origin, workspace, everyone }: Levels,
  mayUseAll: boolean,
  { maxInFlight }: PermitLimits,
): Pick<Bounds, "origin" | "workspace"> & { readonly free: number } => {
  const reserved = mayUseAll ? 0 : Math.floor(RESERVED_SHARE * maxInFlight);
  const free = maxInFlight - everyone.inFlight - reserved;
  const ofWorkspace = dynamicBound(WORKSPACE_SHARE, free);
  const freeOfWorkspace = Math.min(free, ofWorkspace - workspace.inFlight);
  const ofOrigin = dynamicBound(WORKSPACE_SHARE, freeOfWorkspace);
  const freeOfOrigin = Math.min(freeOfWorkspace, ofOrigin - origin.flow.inFlight);
  return { workspace: ofWorkspace, origin: ofOrigin, free: freeOfOrigin };
};

const originWindowNow = ({ window, recent }: OriginState, isWell: boolean): number =>
  !isWell && mostFail(recent) ? Math.min(window.size, WINDOW_WHILE_MOST_FAIL) : window.size;

/** So long nothing is said of a destination that has not answered yet. */
const FIRST_ANSWER_WITHIN_MS = 3_000;
const LEAST_SILENCE_MS = 1_000;

/** A destination from which answers stop coming is met as one that fails, until one comes. */
const windowNow = ({ load, window }: Levels["destination"], nowMs: number): number => {
  const leastMs = load.serviceMs === 0 ? FIRST_ANSWER_WITHIN_MS : LEAST_SILENCE_MS;
  return isSilentFor(load, leastMs, nowMs) ? Math.min(window.size, WINDOW_IN_OUTAGE) : window.size;
};
