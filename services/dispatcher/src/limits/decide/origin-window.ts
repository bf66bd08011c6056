import { isOutage, WINDOW_IN_OUTAGE, type Signal } from "./congestion-window.ts";

/** How many attempts at once an origin may have by its state below HTTP, whatever else bounds them. */
export type OriginWindow = { readonly size: number; readonly failuresInRow: number };

/** An origin that can be reached. */
export const REACHABLE: OriginWindow = { size: Infinity, failuresInRow: 0 };

/** A host that is down gets one attempt at a time, for any of its destinations. */
const PROBES = 1;

/** From here on the windows of its destinations bound it alone. */
const OPEN_FROM = 64;

/**
 * The window after an attempt. An origin that recovers starts as a destination does, and gets one more for each
 * response.
 */
export const originWindowAfter = (window: OriginWindow, signal: Signal): OriginWindow => {
  switch (signal) {
    case "success": {
      if (window === REACHABLE || window.size === Infinity) return REACHABLE;
      const size = Math.max(WINDOW_IN_OUTAGE, window.size + 1);
      return size >= OPEN_FROM ? REACHABLE : { size, failuresInRow: 0 };
    }
    case "failure": {
      const failuresInRow = window.failuresInRow + 1;
      return { size: isOutage({ failuresInRow }) ? PROBES : window.size, failuresInRow };
    }
    case "neutral":
      return window;
    default:
      return signal satisfies never;
  }
};

/** Destinations of an origin that were used last, and whether each fails; the latest comes last. */
export type RecentDestinations = ReadonlyMap<string, boolean>;

const MAX_RECENT = 16;
/** Fewer say nothing of their host. */
const MIN_RECENT = 8;
const MAJORITY = 0.9;

/** Attempts at once to an origin most of whose destinations fail; destinations that respond soon are exempt. */
export const WINDOW_OF_FAILING_MAJORITY = WINDOW_IN_OUTAGE;

export const withRecent = (
  recent: RecentDestinations,
  destination: string,
  isFailing: boolean,
): RecentDestinations => {
  const others = [...recent].filter(([other]) => other !== destination);
  return new Map([...others.slice(1 - MAX_RECENT), [destination, isFailing]]);
};

/** Nine tenths of the recent destinations fail at once: what they have in common is their host. */
export const isMajorityFailing = (recent: RecentDestinations): boolean => {
  if (recent.size < MIN_RECENT) return false;
  const failing = [...recent.values()].filter(Boolean).length;
  return failing >= MAJORITY * recent.size;
};
