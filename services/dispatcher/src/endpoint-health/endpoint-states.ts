import type { EndpointScope } from "@ringback/contracts/deliveries/operation";
import { urlParts } from "@ringback/contracts/address/url-parts";
import type { HealthWindow, NotifiedHealth } from "./decide/health.ts";

/** One endpoint of one workspace. */
export type EndpointKey = {
  readonly workspaceId: string;
  /** A callback URL without its query, or its origin; both have a state of their own. */
  readonly endpoint: string;
};

/** The recent attempts to an endpoint, and the health that was last published. */
export type EndpointState = EndpointKey & {
  readonly scope: EndpointScope;
  readonly window: HealthWindow;
  readonly notified: NotifiedHealth;
  /**
   * The sequence on OPERATIONS of the last recovery, 0 for none. Part of the next message ids, so that two
   * dispatchers that publish the same change use the same id.
   */
  readonly recoveredSeq: number;
};

export type EndpointStates = ReturnType<typeof endpointStates>;

/** About 2 KB each when all are busy. */
const MAX_ENDPOINTS = 10_000;

/**
 * The endpoints that were kept last; beyond `max` the workspace with the most endpoints loses its oldest. A
 * failing endpoint that was lost is published again.
 */
export const endpointStates = (max = MAX_ENDPOINTS) => {
  const byWorkspace = new Map<string, Map<string, EndpointState>>();
  const failing = new Map<string, EndpointState>();
  let size = 0;
  const forget = ({ workspaceId, endpoint }: EndpointKey): void => {
    failing.delete(keyOf({ workspaceId, endpoint }));
    if (byWorkspace.get(workspaceId)?.delete(endpoint) !== true) return;
    size -= 1;
    if (byWorkspace.get(workspaceId)?.size === 0) byWorkspace.delete(workspaceId);
  };
  const forgetOne = (): void => {
    const [workspaceId, states] = [...byWorkspace].reduce((a, b) =>
      b[1].size > a[1].size ? b : a,
    );
    const [oldest] = states.keys();
    if (oldest !== undefined) forget({ workspaceId, endpoint: oldest });
  };
  return {
    /** A healthy endpoint where nothing is known. */
    get: ({ workspaceId, endpoint }: EndpointKey): EndpointState =>
      byWorkspace.get(workspaceId)?.get(endpoint) ?? {
        workspaceId,
        endpoint,
        scope: scopeOf(endpoint),
        window: [],
        notified: { kind: "healthy" },
        recoveredSeq: 0,
      },
    keep: (state: EndpointState): void => {
      const { workspaceId, endpoint } = state;
      forget(state); // and behind all others: the first one was quiet longest
      const own = byWorkspace.get(workspaceId) ?? new Map<string, EndpointState>();
      byWorkspace.set(workspaceId, own.set(endpoint, state));
      size += 1;
      if (state.notified.kind === "failing") failing.set(keyOf(state), state);
      if (size > max) forgetOne();
    },
    failing: (): readonly EndpointState[] => [...failing.values()],
  };
};

/** A URL without query has a path, an origin has none. */
const scopeOf = (endpoint: string): EndpointScope =>
  urlParts(endpoint)?.origin === endpoint ? "origin" : "destination";

export const keyOf = ({ workspaceId, endpoint }: EndpointKey): string =>
  `${workspaceId} ${endpoint}`;
