import type { DeliveryPolicy, Order } from "./api-types.ts";

/** A delivery policy in a line. */
export const policyText = (policy: DeliveryPolicy | undefined): string => {
  if (policy === undefined) return "as the operator has set";
  const { timeout, retry_delays: delays, success_status: success } = policy;
  const { max_in_flight: atOnce, rate_limit: rate, retry_after: retryAfter } = policy;
  return [
    timeout === undefined ? "" : `time-out ${timeout}`,
    delays === undefined
      ? ""
      : delays.length === 0
        ? "no retries"
        : `retries after ${delays.join(", ")}`,
    success === undefined ? "" : `success is ${success}`,
    atOnce === undefined ? "" : `${atOnce} at once`,
    rate === undefined ? "" : `${rate.per_second} a second (burst ${rate.burst})`,
    retryAfter === undefined
      ? ""
      : retryAfter === "honour"
        ? "Retry-After lengthens the delay"
        : "Retry-After is ignored",
  ]
    .filter((part) => part !== "")
    .join("; ");
};

/** In which order the events of a call come, in a line. */
export const orderText = (order: Order | undefined): string => {
  if (order === undefined) return "events come as they can";
  const until = order.max_wait === undefined ? "" : `, for ${order.max_wait} at most`;
  return order.on_failure === "skip"
    ? `one after the other within a call; a retry is not waited for${until}`
    : `one after the other within a call; retries are waited for${until}`;
};
