import type { Outcome } from "@ringback/contracts/deliveries/attempt";
import type { SuccessStatus } from "@ringback/contracts/agents/success-status";
import type { SendResult } from "../../send/result.ts";

/** The results that say something about the endpoint. */
export type EndpointResult = Exclude<SendResult, { kind: "platform_fault" }>;

/** The outcome of an attempt: the status alone decides, whatever the body is or does. */
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
