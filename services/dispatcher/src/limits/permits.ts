import type { Asking, DeferralReason, Passage, Release } from "./permit-request.ts";
import { judge, type Judgement, type Keeper } from "./decide/permit.ts";
import { MAX_RETRY_AFTER_MS } from "../delivery/decide/retry.ts";
import type { PermitLimits } from "./decide/shares.ts";
import { remembered } from "./remembered.ts";
import {
  enter,
  enterCrowd,
  enterOrigin,
  enterSubscription,
  holdBytes,
  isEmptyCrowd,
  isEmptyOrigin,
  isUnused,
  leave,
  leaveCrowd,
  leaveDestination,
  leaveOrigin,
  newCrowd,
  newDestination,
  newOrigin,
  newSubscription,
  promiseSlot,
  type Watched,
} from "./limiter-state.ts";

/** Of each level; what is used least recently is forgotten first, and what has attempts in flight never. */
const MAX_REMEMBERED = 10_000;

/** Where a delivery stands among those who wait. */
export type Rank = {
  /** Those in line before it for the same destination (or subscription), and altogether. */
  readonly ahead: number;
  readonly aheadInAll: number;
  readonly isInLine: boolean;
};

type Later = Extract<Judgement, { kind: "later" }>;

export type Permits = {
  readonly watch: (asking: Asking) => Watched;
  readonly judge: (asking: Asking, watched: Watched, rank: Rank) => Judgement;
  /** Counts the bytes of one that is let in, or waits in line; a negative number lets go of them. */
  readonly hold: (workspaceId: string, bytes: number) => void;
  /** Takes a permit; it is given back once, with how the attempt ended. */
  readonly take: (asking: Asking, watched: Watched) => (released: Release) => void;
  /** Promises a slot to a delivery that has no permit. */
  readonly promise: (asking: Asking, watched: Watched, later: Later) => Passage;
  readonly inFlight: () => number;
};

/** The permits of this process, and what is known of those whom they are for. */
export const createPermits = (
  limits: PermitLimits,
  now: () => number,
  onGivenBack: () => void,
): Permits => {
  const destinations = remembered(MAX_REMEMBERED, newDestination, isUnused);
  const origins = remembered(MAX_REMEMBERED, newOrigin, isEmptyOrigin);
  const subscriptions = remembered(MAX_REMEMBERED, newSubscription, isUnused);
  const workspaces = remembered(MAX_REMEMBERED, newCrowd, isEmptyCrowd);
  const everyone = newCrowd();
  const crowdsOf = (workspaceId: string) => [workspaces.get(workspaceId), everyone];
  return {
    inFlight: () => everyone.state.inFlight,
    watch: ({ workspaceId, destination, origin, limits: own }) => ({
      destination: destinations.get(`${workspaceId} ${destination}`),
      origin: origins.get(`${workspaceId} ${origin}`),
      subscription: own === undefined ? undefined : subscriptions.get(own.key),
    }),
    hold: (workspaceId, bytes) => {
      for (const crowd of crowdsOf(workspaceId)) holdBytes(crowd, bytes);
    },
    judge: (asking, { destination, origin, subscription }, { isInLine, ...rank }) => {
      const { workspaceId, deferrals, timeoutMs: mostMs, limits: own } = asking;
      const standing = {
        ...rank,
        nowMs: now(),
        destination: destination.state,
        origin: origin.state,
        subscription: subscription && own && { state: subscription.state, limits: own },
        workspace: workspaces.get(workspaceId).state,
        everyone: everyone.state,
        hasPrecedence: isInLine || deferrals > 0,
        mostMs,
        bytes: isInLine ? 0 : asking.bytes,
      };
      return judge(standing, limits);
    },
    take: (asking, watched) => {
      const giveBack = takeAt(asking, watched, crowdsOf(asking.workspaceId), now);
      return (released) => {
        giveBack(released);
        onGivenBack();
      };
    },
    promise: ({ deferrals }, { destination, subscription }, later) => {
      const nowMs = now();
      const homeless = { ...later, nowMs, deferrals };
      const isOwn = later.by === "rate" || later.by === "subscription";
      const own = isOwn ? subscription : undefined;
      const atMs = own ? promiseSlot(own, homeless) : promiseSlot(destination, homeless);
      return { kind: "deferred", afterMs: atMs - nowMs, reason: REASONS[later.by] };
    },
  };
};

const REASONS: Readonly<Record<Keeper, DeferralReason>> = {
  rate: "rate_limited",
  subscription: "endpoint_busy",
  destination: "endpoint_busy",
  origin: "origin_busy",
  others: "endpoint_busy",
};

/** Takes a permit at every level. */
const takeAt = (
  { destination: name, limits }: Asking,
  { destination, origin, subscription }: Watched,
  crowds: readonly ReturnType<typeof newCrowd>[],
  now: () => number,
): ((released: Release) => void) => {
  const startMs = now();
  enter(destination, startMs);
  enterOrigin(origin, startMs);
  if (subscription !== undefined) enterSubscription(subscription, limits?.rateLimit, startMs);
  for (const crowd of crowds) enterCrowd(crowd, startMs);
  return ({ destination: condition, origin: ofOrigin, askedMs = 0 }) => {
    const endMs = now();
    const closedForMs = Math.min(MAX_RETRY_AFTER_MS, askedMs);
    leaveDestination(destination, { startMs, endMs }, condition, closedForMs);
    leaveOrigin(origin, endMs, ofOrigin, { name, state: destination.state });
    if (subscription !== undefined) leave(subscription, startMs, endMs);
    for (const crowd of crowds) leaveCrowd(crowd, endMs);
  };
};
