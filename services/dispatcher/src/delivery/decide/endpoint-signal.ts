import { isBelowHttp, type SendResult } from "../../send/result.ts";

/** What an attempt says about how somebody is; `unknown`: nothing, as with a fault of our own. */
export type Condition = "well" | "failing" | "unknown";

/** What an attempt says of its destination (one handler on the other side) and of its origin (the host). */
export type Verdict = { readonly destination: Condition; readonly origin: Condition };

export const SAYS_NOTHING: Verdict = { destination: "unknown", origin: "unknown" };

/** Too many requests, or nobody there behind a proxy; a plain 500 is about one request as often as not. */
const TELLING_OF_AN_OUTAGE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/**
 * Each failure is one's alone: what happens below HTTP is the host's, what happens above it the
 * destination's. Any answer shows that the host is well; a refusal of one request (404, 422, …) that the
 * destination is.
 */
export const verdictOn = (result: SendResult): Verdict => {
  switch (result.kind) {
    case "response":
      return { destination: conditionOf(result.status), origin: "well" };
    case "no_response":
      return isBelowHttp(result)
        ? { destination: "unknown", origin: "failing" }
        : { destination: "failing", origin: "unknown" };
    case "own_fault":
      return SAYS_NOTHING;
    default:
      return result satisfies never;
  }
};

const conditionOf = (status: number): Condition => {
  if (TELLING_OF_AN_OUTAGE.has(status)) return "failing";
  return status >= 500 ? "unknown" : "well";
};
