import type { SendResult } from "./outcome.ts";

/** How many attempts at once an endpoint may have after its last outage, whatever else bounds them. */
export type Window = { readonly size: number; readonly failuresInRow: number };

/** What an attempt says about how the endpoint is; `unknown`: nothing, as with a fault of our own. */
export type Condition = "well" | "failing" | "unknown";

/** An endpoint that has not failed: other bounds hold for it. */
export const OPEN_WINDOW: Window = { size: Infinity, failuresInRow: 0 };

/** So many failures one behind the other, with no answer between, are an outage. */
export const OUTAGE_AFTER_FAILURES = 8;

/** Attempts at once during an outage, and so the first round when the endpoint is back. */
export const WINDOW_IN_OUTAGE = 8;

export const isOutage = ({ failuresInRow }: Window): boolean =>
  failuresInRow >= OUTAGE_AFTER_FAILURES;

/** Too many requests, or nobody there behind a proxy; a plain 500 is about one request as often as not. */
const TELLING_OF_AN_OUTAGE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** A refusal of one request (404, 422, …) comes from an endpoint that is well. */
export const conditionOf = (result: SendResult): Condition => {
  switch (result.kind) {
    case "response":
      if (TELLING_OF_AN_OUTAGE.has(result.status)) return "failing";
      return result.status >= 500 ? "unknown" : "well";
    case "no_response":
      return "failing";
    case "own_fault":
      return "unknown";
    default:
      return result satisfies never;
  }
};

/**
 * The window once an attempt has ended. Each success adds one place, so that a round in which all
 * succeed doubles it: the slow start of TCP (RFC 5681, section 3.1), for an endpoint that comes back.
 */
export const windowAfter = (window: Window, condition: Condition, most: number): Window => {
  switch (condition) {
    case "well":
      if (window.failuresInRow === 0 && window.size >= most) return window;
      return { size: Math.min(most, window.size + 1), failuresInRow: 0 };
    case "failing": {
      const failuresInRow = window.failuresInRow + 1;
      const failing = { size: window.size, failuresInRow };
      if (!isOutage(failing)) return failing;
      return { size: Math.min(window.size, WINDOW_IN_OUTAGE), failuresInRow };
    }
    case "unknown":
      return window;
    default:
      return condition satisfies never;
  }
};
