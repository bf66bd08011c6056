import type { Condition } from "../../delivery/decide/endpoint-signal.ts";
import { isOutage, WINDOW_IN_OUTAGE } from "./congestion-window.ts";

/** How many attempts at once an origin may have by how it is below HTTP, whatever else bounds them. */
export type OriginWindow = { readonly size: number; readonly failuresInRow: number };

/** An origin that can be reached. */
export const OPEN: OriginWindow = { size: Infinity, failuresInRow: 0 };

/** A host that is down is asked by one attempt at a time, whichever of its destinations that is for. */
const PROBES = 1;

/** From here on nothing is held back: the windows of its destinations are there. */
const OPEN_FROM = 64;

/**
 * The window once an attempt has ended that says something of its origin. One that comes back is met
 * with as many as a destination is, and with one more for each answer.
 */
export const originWindowAfter = (window: OriginWindow, condition: Condition): OriginWindow => {
  switch (condition) {
    case "well": {
      if (window === OPEN || window.size === Infinity) return OPEN;
      const size = Math.max(WINDOW_IN_OUTAGE, window.size + 1);
      return size >= OPEN_FROM ? OPEN : { size, failuresInRow: 0 };
    }
    case "failing": {
      const failuresInRow = window.failuresInRow + 1;
      return { size: isOutage({ failuresInRow }) ? PROBES : window.size, failuresInRow };
    }
    case "unknown":
      return window;
    default:
      return condition satisfies never;
  }
};

/** Destinations of an origin that were used last, and whether each fails; the latest comes last. */
export type RecentDestinations = ReadonlyMap<string, boolean>;

const MAX_RECENT = 16;
/** Fewer say nothing of their host. */
const LEAST_RECENT = 8;
const MOST = 0.9;

/** Attempts at once to an origin most of whose destinations fail; those that answer soon are not counted in. */
export const WINDOW_WHILE_MOST_FAIL = WINDOW_IN_OUTAGE;

export const withRecent = (
  recent: RecentDestinations,
  destination: string,
  isFailing: boolean,
): RecentDestinations => {
  const others = [...recent].filter(([other]) => other !== destination);
  return new Map([...others.slice(1 - MAX_RECENT), [destination, isFailing]]);
};

/** Nine tenths of those that were used last fail at once: what they have in common is their host. */
export const mostFail = (recent: RecentDestinations): boolean => {
  if (recent.size < LEAST_RECENT) return false;
  const failing = [...recent.values()].filter(Boolean).length;
  return failing >= MOST * recent.size;
};
