import {
  POLICY_BOUNDS,
  type Bounds,
  type DeliveryPolicy,
} from "@ringback/contracts/agents/delivery-policy";
import { parseDurationMs } from "@ringback/contracts/duration";
import { parseSuccessStatus, type SuccessStatus } from "@ringback/contracts/agents/success-status";
import type { RetryPolicy } from "./retry.ts";
import type { Rate } from "../../limits/decide/rate.ts";

/** The policy of one delivery. */
export type EffectivePolicy = {
  readonly timeoutMs: number;
  readonly retry: RetryPolicy;
  readonly isSuccess: SuccessStatus;
  readonly retryAfter: "honour" | "ignore";
  /** Of all dispatchers together; undefined: no limit but the operator's for the endpoint. */
  readonly maxInFlight?: number;
  readonly rateLimit?: Rate;
};

/**
 * The subscription's policy over the operator's. Bounds are applied again, as they may have changed since it
 * was stored; an unreadable value counts as not set.
 */
export const effectivePolicy = (
  own: DeliveryPolicy | undefined,
  operators: EffectivePolicy,
): EffectivePolicy => {
  if (own === undefined) return operators;
  const { timeout, retry_delays, success_status, max_in_flight, rate_limit, retry_after } = own;
  const { timeoutMs, maxInFlight, perSecond, burst } = POLICY_BOUNDS;
  return {
    timeoutMs: durationWithin(timeoutMs, timeout) ?? operators.timeoutMs,
    retry: { ...operators.retry, delaysMs: delaysOf(retry_delays) ?? operators.retry.delaysMs },
    isSuccess: parseSuccessStatus(success_status ?? "") ?? operators.isSuccess,
    retryAfter: retry_after ?? operators.retryAfter,
    ...(max_in_flight !== undefined && {
      maxInFlight: clamped(maxInFlight, Math.floor(max_in_flight)),
    }),
    ...(rate_limit !== undefined && {
      rateLimit: {
        perSecond: clamped(perSecond, rate_limit.per_second),
        burst: clamped(burst, Math.floor(rate_limit.burst)),
      },
    }),
  };
};

const clamped = ({ min, max }: Bounds, value: number): number =>
  Math.min(max, Math.max(min, value));

const durationWithin = (bounds: Bounds, text = ""): number | undefined => {
  const durationMs = parseDurationMs(text);
  return durationMs === undefined ? undefined : clamped(bounds, durationMs);
};

/** All of them or none: a list with a gap would be another schedule. */
const delaysOf = (texts: readonly string[] | undefined): readonly number[] | undefined => {
  const { retryDelayMs, retries } = POLICY_BOUNDS;
  const delaysMs = texts?.slice(0, retries.max).map((text) => durationWithin(retryDelayMs, text));
  return delaysMs?.every((ms) => ms !== undefined) === true ? delaysMs : undefined;
};
