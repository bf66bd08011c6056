import type { AttemptRecord, NextStep, Outcome } from "@ringback/contracts/deliveries/attempt";
import type { Subscription } from "@ringback/contracts/agents/subscription";
import { withoutEchoes } from "./decide/redact-echoes.ts";
import type { EndpointResult } from "./decide/outcome.ts";
import { urlForRecords } from "./decide/request.ts";
import { idsOf, type Delivery } from "./delivery.ts";

/** The record of an attempt that started at `startedMs`, without request and response. */
export const recordOf = (
  delivery: Delivery,
  startedMs: number,
  outcome: Outcome,
  next: NextStep,
): AttemptRecord => ({
  ...idsOf(delivery),
  attempt: delivery.attempt,
  extra_attempts: delivery.extraAttempts,
  trigger: delivery.trigger,
  at: new Date(startedMs).toISOString(),
  duration_ms: 0,
  outcome,
  next,
  ...(delivery.isOutOfOrder === true ? { out_of_turn: true as const } : {}),
});

/** The recorded part of a request. */
export const recordedRequest = ({ method_type: method, callback_url }: Subscription) => ({
  method,
  url: urlForRecords(callback_url),
});

/** The recorded part of a response, without the subscription's secrets. */
export const recordedResponse = (
  result: EndpointResult,
  subscription: Subscription,
): Pick<AttemptRecord, "response"> => {
  if (result.kind !== "response") return {};
  const { headers, bodyText: body_excerpt } = result;
  return { response: withoutEchoes({ headers, body_excerpt }, subscription) };
};
