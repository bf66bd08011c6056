import { averageWith } from "./load.ts";

/** What an attempt says about an endpoint; `neutral`: nothing, as with a fault of our own. */
export type Signal = "success" | "failure" | "neutral";

/** How many attempts at once a destination may have by its history, whatever else bounds them. */
export type CongestionWindow = {
  readonly size: number;
  readonly failuresInRow: number;
  /** How long a success took of late, in ms: a moving average; 0 while nothing is known. Failures may be quick. */
  readonly recentMs: number;
  /** How long a success takes without queueing, in ms; 0 while nothing is known. */
  readonly baseMs: number;
  /** The most attempts at once of late: forgotten over a few rounds. */
  readonly peak: number;
};

/** A new destination: enough for 200/s at 2 s a response after two rounds. */
export const NEW_WINDOW: CongestionWindow = {
  size: 192,
  failuresInRow: 0,
  recentMs: 0,
  baseMs: 0,
  peak: 0,
};

/** So many failures in a row are an outage. */
export const OUTAGE_AFTER_FAILURES = 8;

/**
 * Attempts at once during an outage, and so the first round when the destination is back. Eight and not
 * one: with a deadline of 30 s, one would check twice a minute only.
 */
export const WINDOW_IN_OUTAGE = 8;

/** More than the permits of any process: only keeps numbers small. */
const MAX_WINDOW = 65_536;

/** A window of which less than this is used does not grow; a third, as it doubles within a round. */
const USED_SHARE = 1 / 3;
const PEAK_LASTS_ROUNDS = 4;

/** Decrease with each failure (AIMD; concurrency-limits' `AIMDLimit` has the same ratio). */
const BACKOFF_RATIO = 0.9;

/** Growth ends where responses take so much longer than the base … */
const TOLERANCE = 2;
/** … and by more than this: below, it is noise. */
const TOLERANCE_MS = 20;
/** The base falls in this part of the difference … */
const BASE_FALLS = 1 / 16;
/** … and rises by this part of itself in a round: one quick response holds it down for a few rounds only. */
const BASE_RISES_A_ROUND = 1 / 16;

export const isOutage = ({ failuresInRow }: Pick<CongestionWindow, "failuresInRow">): boolean =>
  failuresInRow >= OUTAGE_AFTER_FAILURES;

/** An attempt that has ended. */
export type AttemptEnd = {
  readonly signal: Signal;
  readonly tookMs: number;
  /** Attempts at once before it ended, this one included. */
  readonly inFlight: number;
};

/**
 * The window after an attempt. A success adds one, so that a round in which all succeed doubles it: the slow start of
 * TCP (RFC 5681, section 3.1). A window that is not used does not grow (RFC 7661), nor does one whose responses become
 * slower: a queue grows at the endpoint (TCP Vegas' base time; the tolerance of `Gradient2Limit`). Being slow alone
 * takes nothing away.
 */
export const windowAfter = (before: CongestionWindow, ended: AttemptEnd): CongestionWindow => {
  const peak = Math.max(ended.inFlight, before.peak * (1 - 1 / (PEAK_LASTS_ROUNDS * before.size)));
  const window = { ...before, peak };
  switch (ended.signal) {
    case "success": {
      const recentMs = averageWith(window.recentMs, ended.tookMs);
      const baseMs = baseAfter(window, recentMs);
      const grown = Math.min(MAX_WINDOW, window.size + 1);
      const size = mayGrow(window, recentMs) ? grown : window.size;
      return { size, failuresInRow: 0, recentMs, baseMs, peak };
    }
    case "failure": {
      const failuresInRow = window.failuresInRow + 1;
      // What it took before an outage says nothing of what it takes afterwards.
      if (isOutage({ failuresInRow })) {
        const size = Math.min(window.size, WINDOW_IN_OUTAGE);
        return { size, failuresInRow, recentMs: 0, baseMs: 0, peak };
      }
      const less = Math.max(WINDOW_IN_OUTAGE, Math.floor(window.size * BACKOFF_RATIO));
      return { ...window, size: Math.min(window.size, less), failuresInRow };
    }
    case "neutral":
      return before;
    default:
      return ended.signal satisfies never;
  }
};

const mayGrow = ({ size, baseMs, peak }: CongestionWindow, recentMs: number): boolean => {
  if (peak < size * USED_SHARE) return false;
  const isKnown = baseMs > 0;
  return !isKnown || recentMs <= Math.max(baseMs * TOLERANCE, baseMs + TOLERANCE_MS);
};

const baseAfter = ({ baseMs, size }: CongestionWindow, recentMs: number): number => {
  if (baseMs === 0) return recentMs;
  if (recentMs < baseMs) return baseMs + (recentMs - baseMs) * BASE_FALLS;
  // A lasting slowdown raises the base.
  return Math.min(recentMs, baseMs * (1 + BASE_RISES_A_ROUND / size));
};
