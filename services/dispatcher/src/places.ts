import type { Asking, Passage } from "./asking.ts";
import { judge, type Judgement, type PlaceLimits } from "./decide/passage.ts";
import { windowAfter, type Condition } from "./decide/slow-start.ts";
import { remembered } from "./remembered.ts";
import {
  enter,
  enterCrowd,
  enterSubscription,
  holdBytes,
  isEmptyCrowd,
  isUnused,
  leave,
  leaveCrowd,
  newEndpoint,
  newCrowd,
  newSubscription,
  promiseSlot,
  type Watched,
} from "./watched.ts";

/** Endpoints, subscriptions and workspaces at which nothing happens are forgotten beyond this many. */
const MOST_REMEMBERED = 10_000;

/** Where a delivery stands among those who wait. */
export type Rank = {
  /** Those in line before it for the same endpoint (or subscription), and altogether. */
  readonly ahead: number;
  readonly aheadInAll: number;
  readonly isInLine: boolean;
};

type Later = Extract<Judgement, { kind: "later" }>;

export type Places = {
  readonly watch: (asking: Asking) => Watched;
  readonly judge: (asking: Asking, watched: Watched, rank: Rank) => Judgement;
  /** Counts the bytes of one that is let in, or waits in line; a negative number lets go of them. */
  readonly hold: (workspaceId: string, bytes: number) => void;
  /** Takes a place; it is given back once, with how the endpoint was. */
  readonly take: (asking: Asking, watched: Watched) => (condition: Condition) => void;
  /** Promises a slot to a delivery that has no place. */
  readonly promise: (asking: Asking, watched: Watched, later: Later) => Passage;
  readonly inFlight: () => number;
};

/** The places of this process, and what is known of those whom they are for. */
export const createPlaces = (
  limits: PlaceLimits,
  now: () => number,
  onGivenBack: () => void,
): Places => {
  const endpoints = remembered(MOST_REMEMBERED, newEndpoint, isUnused);
  const subscriptions = remembered(MOST_REMEMBERED, newSubscription, isUnused);
  const workspaces = remembered(MOST_REMEMBERED, newCrowd, isEmptyCrowd);
  const everyone = newCrowd();
  const crowdsOf = (workspaceId: string) => [workspaces.get(workspaceId), everyone];
  return {
    inFlight: () => everyone.state.inFlight,
    watch: ({ workspaceId, origin, limits: own }) => ({
      endpoint: endpoints.get(`${workspaceId} ${origin}`),
      subscription: own === undefined ? undefined : subscriptions.get(own.key),
    }),
    hold: (workspaceId, bytes) => {
      for (const crowd of crowdsOf(workspaceId)) holdBytes(crowd, bytes);
    },
    judge: (asking, { endpoint, subscription }, { isInLine, ...rank }) => {
      const { workspaceId, deferrals, timeoutMs: mostMs, limits: own } = asking;
      const standing = {
        ...rank,
        nowMs: now(),
        endpoint: endpoint.state,
        subscription: subscription && own && { state: subscription.state, limits: own },
        workspace: workspaces.get(workspaceId).state,
        everyone: everyone.state,
        hasPrecedence: isInLine || deferrals > 0,
        mostMs,
        bytes: isInLine ? 0 : asking.bytes,
      };
      return judge(standing, limits);
    },
    take: ({ workspaceId, limits: own }, { endpoint, subscription }) => {
      const crowds = crowdsOf(workspaceId);
      const startMs = now();
      enter(endpoint, startMs);
      if (subscription !== undefined) enterSubscription(subscription, own?.rateLimit, startMs);
      for (const crowd of crowds) enterCrowd(crowd, startMs);
      return (condition) => {
        const endMs = now();
        leave(endpoint, startMs, endMs);
        if (subscription !== undefined) leave(subscription, startMs, endMs);
        const window = windowAfter(endpoint.state.window, condition, limits.endpointMaxInFlight);
        endpoint.state = { ...endpoint.state, window };
        for (const crowd of crowds) leaveCrowd(crowd, endMs);
        onGivenBack();
      };
    },
    promise: ({ deferrals }, { endpoint, subscription }, later) => {
      const nowMs = now();
      const homeless = { ...later, nowMs, deferrals };
      const own = later.by === "endpoint" ? undefined : subscription;
      const atMs = own ? promiseSlot(own, homeless) : promiseSlot(endpoint, homeless);
      const reason = later.by === "rate" ? "rate_limited" : "endpoint_busy";
      return { kind: "deferred", afterMs: atMs - nowMs, reason };
    },
  };
};
