import type { EndpointScope } from "@ringback/contracts/deliveries/operation";
import { urlParts } from "@ringback/contracts/address/url-parts";
import type { HealthWindow, NotifiedHealth } from "./decide/health.ts";

/** One endpoint of one workspace: its recent attempts, and the health that was last published. */
export type EndpointState = {
  readonly workspaceId: string;
  /** A callback URL without its query, or its origin; both have a state of their own. */
  readonly endpoint: string;
  readonly scope: EndpointScope;
  readonly window: HealthWindow;
  readonly notified: NotifiedHealth;
  /**
   * The sequence on OPERATIONS of the last recovery, 0 for none. Part of the next message ids, so that two
   * dispatchers that publish the same change use the same id.
   */
  readonly recoveredSeq: number;
};

export type EndpointStates = {
  /** A healthy endpoint where nothing is known. */
  readonly get: (workspaceId: string, endpoint: string) => EndpointState;
  readonly keep: (state: EndpointState) => void;
  readonly failing: () => readonly EndpointState[];
};

/** About 2 KB each when all are busy. */
const MAX_ENDPOINTS = 10_000;

/**
 * The endpoints that were kept last; beyond `max` the workspace with the most endpoints loses its oldest. A
 * failing endpoint that was lost is published again.
 */
export const endpointStates = (max = MAX_ENDPOINTS): EndpointStates => {
  const byWorkspace = new Map<string, Map<string, EndpointState>>();
  const failing = new Map<string, EndpointState>();
  let size = 0;
  const forget = (workspaceId: string, endpoint: string): void => {
    failing.delete(keyOf(workspaceId, endpoint));
    if (byWorkspace.get(workspaceId)?.delete(endpoint) !== true) return;
    size -= 1;
    if (byWorkspace.get(workspaceId)?.size === 0) byWorkspace.delete(workspaceId);
  };
  const forgetOne = (): void => {
    const [workspaceId, states] = [...byWorkspace].reduce((a, b) =>
      b[1].size > a[1].size ? b : a,
    );
    const [oldest] = states.keys();
    if (oldest !== undefined) forget(workspaceId, oldest);
  };
  return {
    get: (workspaceId, endpoint) =>
      byWorkspace.get(workspaceId)?.get(endpoint) ?? {
        workspaceId,
        endpoint,
        scope: scopeOf(endpoint),
        window: [],
        notified: { kind: "healthy" },
        recoveredSeq: 0,
      },
    keep: (state) => {
      const { workspaceId, endpoint } = state;
      forget(workspaceId, endpoint); // and behind all others: the first one was quiet longest
      const own = byWorkspace.get(workspaceId) ?? new Map<string, EndpointState>();
      byWorkspace.set(workspaceId, own.set(endpoint, state));
      size += 1;
      if (state.notified.kind === "failing") failing.set(keyOf(workspaceId, endpoint), state);
      if (size > max) forgetOne();
    },
    failing: () => [...failing.values()],
  };
};

/** A URL without query has a path, an origin has none. */
const scopeOf = (endpoint: string): EndpointScope =>
  urlParts(endpoint)?.origin === endpoint ? "origin" : "destination";

const keyOf = (workspaceId: string, endpoint: string): string => `${workspaceId} ${endpoint}`;
