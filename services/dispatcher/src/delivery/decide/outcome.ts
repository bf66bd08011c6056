import type { Outcome } from "@ringback/contracts/deliveries/attempt";
import type { SuccessStatus } from "@ringback/contracts/agents/success-status";
import type { SendResult } from "../../send/result.ts";

/** The results that say something about the endpoint. */
export type EndpointResult = Exclude<SendResult, { kind: "own_fault" }>;

/** What an attempt came to: the status decides alone, whatever the body says or does. */
export const outcomeOf = (result: EndpointResult, isSuccess: SuccessStatus): Outcome => {
  switch (result.kind) {
    case "response":
      return isSuccess(result.status)
        ? { kind: "delivered", status_code: result.status }
        : { kind: "failed", reason: "status", status_code: result.status };
    case "no_response":
      return { kind: "failed", reason: result.reason, detail: result.detail };
    default:
      return result satisfies never;
  }
};
