import type { EventAddress } from "@ringback/contracts/events/event";
import type { EffectivePolicy } from "../../delivery/decide/policy.ts";
import type { Rate } from "./slots.ts";

/** What one subscription allows one dispatcher, beside the operator's limits for its endpoint. */
export type SubscriptionLimits = {
  /** Whose limits they are: each subscription has its own, also where several share an endpoint. */
  readonly key: string;
  readonly maxInFlight?: number;
  readonly rateLimit?: Rate;
};

/**
 * The share of a subscription's limits that is this dispatcher's; undefined where it has none. All
 * dispatchers pull the same, so each has the same share. Each may always make one attempt at a time:
 * only where a limit is smaller than the number of dispatchers can they exceed it together.
 */
export const shareOfLimits = (
  { workspaceId, agentId, eventType }: EventAddress,
  { maxInFlight, rateLimit }: EffectivePolicy,
  dispatchers: number,
): SubscriptionLimits | undefined => {
  if (maxInFlight === undefined && rateLimit === undefined) return undefined;
  const share = (whole: number): number => Math.max(1, Math.floor(whole / dispatchers));
  return {
    key: `${workspaceId} ${agentId} ${eventType}`,
    ...(maxInFlight !== undefined && { maxInFlight: share(maxInFlight) }),
    ...(rateLimit !== undefined && {
      rateLimit: {
        perSecond: rateLimit.perSecond / dispatchers,
        burst: share(rateLimit.burst),
      },
    }),
  };
};
