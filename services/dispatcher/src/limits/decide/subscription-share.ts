import { endpointIdOf } from "@ringback/contracts/deliveries/delivery-id";
import type { EventAddress } from "@ringback/contracts/events/event";
import type { Rate } from "./rate.ts";

type Limits = { readonly maxInFlight?: number | undefined; readonly rateLimit?: Rate | undefined };

/** What one subscription allows one dispatcher, beside the operator's limits for its endpoint. */
export type SubscriptionLimits = Limits & {
  /** Whose limits they are: each subscription has its own, also where several share an endpoint. */
  readonly key: string;
};

/** Whose limits a delivery is under: its endpoint's, or those of its agent's subscription. */
export const limitedBy = (
  { workspaceId, agentId, eventType }: EventAddress,
  deliveryId: string,
): string => `${workspaceId} ${endpointIdOf(deliveryId) ?? `${agentId} ${eventType}`}`;

/**
 * This dispatcher's share of a subscription's limits; undefined where it has none. All dispatchers pull the
 * same, so the shares are equal. Each allows at least one attempt at a time: only where a limit is smaller than
 * the number of dispatchers can they exceed it together.
 */
export const shareOfLimits = (
  key: string,
  { maxInFlight, rateLimit }: Limits,
  dispatchers: number,
): SubscriptionLimits | undefined => {
  if (maxInFlight === undefined && rateLimit === undefined) return undefined;
  const share = (whole: number): number => Math.max(1, Math.floor(whole / dispatchers));
  return {
    key,
    maxInFlight: maxInFlight && share(maxInFlight),
    rateLimit: rateLimit && {
      perSecond: rateLimit.perSecond / dispatchers,
      burst: share(rateLimit.burst),
    },
  };
};
