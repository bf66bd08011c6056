import type { Signal } from "../../limits/decide/congestion-window.ts";
import { isBelowHttp, type SendResult } from "../../send/result.ts";

/** What an attempt says of its destination (one handler on the other side) and of its origin (the host). */
export type EndpointSignals = { readonly destination: Signal; readonly origin: Signal };

/** Too many requests, or a proxy without a server behind it; a plain 500 is often about one request. */
const OUTAGE_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/**
 * A failure below HTTP is the host's, one above it the destination's. Any response shows that the host is well;
 * the rejection of one request (404, 422, …) shows that the destination is.
 */
export const endpointSignals = (result: SendResult): EndpointSignals => {
  switch (result.kind) {
    case "response":
      return { destination: signalOf(result.status), origin: "success" };
    case "no_response":
      return isBelowHttp(result)
        ? { destination: "neutral", origin: "failure" }
        : { destination: "failure", origin: "neutral" };
    case "platform_fault":
      return { destination: "neutral", origin: "neutral" };
    default:
      return result satisfies never;
  }
};

const signalOf = (status: number): Signal => {
  if (OUTAGE_STATUSES.has(status)) return "failure";
  return status >= 500 ? "neutral" : "success";
};
