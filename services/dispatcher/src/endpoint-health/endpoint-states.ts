import type { EndpointScope } from "@ringback/contracts/deliveries/operation";
import { urlParts } from "@ringback/contracts/address/url-parts";
import type { HealthWindow, ToldHealth } from "./decide/health.ts";

/** One endpoint of one workspace: how attempts went, and what was told of it. */
export type EndpointState = {
  readonly workspaceId: string;
  /** A callback URL without its query, or its origin; both have a state of their own. */
  readonly endpoint: string;
  readonly scope: EndpointScope;
  readonly window: HealthWindow;
  readonly told: ToldHealth;
  /**
   * The sequence on OPERATIONS of the last word that it had recovered, 0 for none: part of the ids of
   * what is told next, so that two who tell the same use the same id.
   */
  readonly recoveredSeq: number;
};

export type EndpointStates = {
  /** As it was kept last; one that is well where nothing is known. */
  readonly get: (workspaceId: string, endpoint: string) => EndpointState;
  readonly keep: (state: EndpointState) => void;
  readonly failing: () => readonly EndpointState[];
};

/** About 2 KB each when all are busy. */
const MAX_ENDPOINTS = 10_000;

/**
 * The endpoints that were kept last; beyond the bound the workspace with the most forgets one. One that is
 * forgotten and fails still is told of again.
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
        told: { kind: "well" },
        recoveredSeq: 0,
      },
    keep: (state) => {
      const { workspaceId, endpoint } = state;
      forget(workspaceId, endpoint); // and behind all others: the first one was quiet longest
      const own = byWorkspace.get(workspaceId) ?? new Map<string, EndpointState>();
      byWorkspace.set(workspaceId, own.set(endpoint, state));
      size += 1;
      if (state.told.kind === "failing") failing.set(keyOf(workspaceId, endpoint), state);
      if (size > max) forgetOne();
    },
    failing: () => [...failing.values()],
  };
};

/** A URL without query has a path, an origin has none. */
const scopeOf = (endpoint: string): EndpointScope =>
  urlParts(endpoint)?.origin === endpoint ? "origin" : "destination";

const keyOf = (workspaceId: string, endpoint: string): string => `${workspaceId} ${endpoint}`;
